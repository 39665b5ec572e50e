extension Migrations {
    static let silence = """
        -- Until when the API wants no requests, in milliseconds since the boot, and on the wall for other boots.
        CREATE TABLE silence (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            boot TEXT NOT NULL,
            length INTEGER NOT NULL,
            until INTEGER NOT NULL,
            untilOnTheWall INTEGER NOT NULL
        ) STRICT;
        """
}

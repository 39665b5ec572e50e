extension Migrations {
    static let rests = """
        -- The records of a rest, as they were.
        CREATE TABLE newRest (
            id INTEGER PRIMARY KEY,
            partial INTEGER NOT NULL,
            -- Null where it is not known.
            hash BLOB,
            identity INTEGER,
            -- Whether something was accepted that it may have become.
            mayBeGone INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO newRest (partial, identity) SELECT partial, identity FROM partialRest;
        INSERT INTO newRest (partial) SELECT id FROM partials WHERE id NOT IN (SELECT partial FROM partialRest);
        DROP TABLE partialRest;
        ALTER TABLE newRest RENAME TO partialRest;
        CREATE INDEX restByPartial ON partialRest (partial);
        CREATE INDEX restByIdentity ON partialRest (identity);
        -- Whether it is left out of no other file any more.
        ALTER TABLE partialRecords ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
        """
}

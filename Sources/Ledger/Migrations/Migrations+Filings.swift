extension Migrations {
    static let filings = """
        -- Filed drops whose rename and result may not be on disk so far: a start looks whether they are there.
        CREATE TABLE filings (
            id INTEGER PRIMARY KEY,
            dropID TEXT NOT NULL REFERENCES drops (id)
        ) STRICT;
        """
}

extension Migrations {
    static let doubts = """
        -- Whether the API may have refused it: what it says of its batch does not tell its records from one another.
        ALTER TABLE partialRecords ADD COLUMN unclear INTEGER NOT NULL DEFAULT 0;
        -- Nearly always there are none, and each payment document that is accepted asks.
        CREATE INDEX recordsInDoubt ON partialRecords (partial, reference) WHERE unclear;
        """
}

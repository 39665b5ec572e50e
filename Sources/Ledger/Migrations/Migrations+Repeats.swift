extension Migrations {
    static let repeats = """
        -- The word that was said when a batch left that is open; null: nothing is open, or nobody knows.
        ALTER TABLE holds ADD COLUMN word INTEGER;
        UPDATE holds SET word = said.word
            FROM (SELECT dropID, MIN(word) AS word FROM words GROUP BY dropID) AS said
            WHERE holds.dropID = said.dropID AND holds.state <> 'pending';
        """
}

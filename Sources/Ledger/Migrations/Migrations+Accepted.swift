extension Migrations {
    static let accepted = """
        -- Of the documents that were accepted the word of the one that came last, whoever spoke since: what came before it
        -- is out of date. Of the time before this there is only what was the last word of all.
        ALTER TABLE lastWords ADD COLUMN accepted INTEGER;
        UPDATE lastWords SET accepted = word
            WHERE EXISTS (SELECT 1 FROM words WHERE words.word = lastWords.word AND words.accepted);

        -- Where several inboxes speak of an identity, the arrival of the last one accepted in each but the one above.
        CREATE TABLE acceptedElsewhere (
            identity INTEGER NOT NULL,
            inbox TEXT NOT NULL,
            arrival INTEGER NOT NULL,
            PRIMARY KEY (identity, inbox)
        ) STRICT, WITHOUT ROWID;
        """
}

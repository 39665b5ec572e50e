extension Migrations {
    static let retries = """
        -- On what terms an admin put files back into their inboxes, where they were not the usual ones.
        CREATE TABLE retries (
            id INTEGER PRIMARY KEY,
            -- Whose file it was.
            dropID TEXT NOT NULL,
            inbox TEXT NOT NULL,
            -- What tells the file from any other: its name in the inbox, its number there, its bytes.
            name BLOB NOT NULL,
            inode INTEGER NOT NULL,
            sha256 BLOB NOT NULL,
            asNew INTEGER NOT NULL,
            sendTwice INTEGER NOT NULL,
            stale INTEGER NOT NULL,
            at INTEGER NOT NULL,
            -- The drop that it became; null until it is known what it is.
            usedBy TEXT
        ) STRICT;
        CREATE INDEX retriesByUse ON retries (usedBy);
        """
}

extension Migrations {
    /// What the decision about a drop needs: who is on which content, who spoke last of which record, and what of a
    /// document went through where the rest did not.
    static let order = """
        -- How often a drop's outcome stood: a drop that was put back has one, and goes on.
        ALTER TABLE drops ADD COLUMN conclusions INTEGER NOT NULL DEFAULT 0;
        UPDATE drops SET conclusions = 1 WHERE outcome IS NOT NULL;
        -- Records that were left out, as a JSON array; null where there are none.
        ALTER TABLE drops ADD COLUMN alreadyAccepted TEXT;

        -- What drops are on, or left open: by content, by a reference of the sender's own, by bytes.
        CREATE TABLE holds (
            key TEXT PRIMARY KEY NOT NULL,
            -- What the key was given to: a reference of the sender's own takes no other content.
            content TEXT NOT NULL,
            kind TEXT NOT NULL,
            inbox TEXT NOT NULL,
            scope TEXT NOT NULL,
            dropID TEXT NOT NULL,
            name BLOB NOT NULL,
            -- pending: that drop is not final. Else it failed: unresolved, a batch may have been taken; partial, some
            -- batches were taken and the others refused.
            state TEXT NOT NULL CHECK (state IN ('pending', 'unresolved', 'partial')),
            -- The -rN of its references.
            round INTEGER NOT NULL,
            -- Whether it becomes a row of `contents` when the drop is accepted.
            lasts INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX holdsByDrop ON holds (dropID);
        INSERT INTO holds SELECT key, content, kind, inbox, scope, dropID, name, state, 1, 1 FROM contents
            WHERE state <> 'accepted';

        -- What the API took, by the same keys. Never purged while its inbox is configured.
        CREATE TABLE taken (
            key TEXT PRIMARY KEY NOT NULL,
            content TEXT NOT NULL,
            kind TEXT NOT NULL,
            inbox TEXT NOT NULL,
            scope TEXT NOT NULL,
            dropID TEXT NOT NULL,
            name BLOB NOT NULL,
            -- rejected: the reference is used up, and yet the API refused records.
            state TEXT NOT NULL CHECK (state IN ('accepted', 'rejected')),
            round INTEGER NOT NULL,
            -- The drop's `words.word`.
            word INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO taken SELECT key, content, kind, inbox, scope, dropID, name, state, 1, 0 FROM contents
            WHERE state = 'accepted';
        DROP TABLE contents;
        ALTER TABLE taken RENAME TO contents;
        CREATE INDEX contentsByDrop ON contents (dropID);

        -- Every document that reached the API, or may have, in the order in which that was known.
        CREATE TABLE words (
            word INTEGER PRIMARY KEY,
            dropID TEXT NOT NULL,
            inbox TEXT NOT NULL,
            kind TEXT NOT NULL,
            arrival INTEGER NOT NULL,
            accepted INTEGER NOT NULL,
            at INTEGER NOT NULL,
            -- What it is about (IdentityKeys), for as long as others wait for the API to process it.
            keys BLOB
        ) STRICT;
        CREATE INDEX wordsByArrival ON words (inbox, arrival) WHERE accepted;
        CREATE INDEX wordsSettling ON words (at) WHERE keys IS NOT NULL;

        -- Who spoke last of an identity, a hash of kind and identity. The key is the row's own number: nothing is
        -- more compact.
        CREATE TABLE lastWords (identity INTEGER PRIMARY KEY, word INTEGER NOT NULL) STRICT;

        -- Payment documents that went through in part, until the rest has.
        CREATE TABLE partials (
            id INTEGER PRIMARY KEY,
            dropID TEXT NOT NULL,
            inbox TEXT NOT NULL,
            content TEXT NOT NULL,
            sha256 BLOB
        ) STRICT;
        CREATE INDEX partialsByInbox ON partials (inbox);
        CREATE TABLE partialRecords (
            hash BLOB NOT NULL,
            partial INTEGER NOT NULL,
            -- Its place among the records of the file, from 0.
            position INTEGER NOT NULL,
            record TEXT NOT NULL,
            reference TEXT NOT NULL,
            PRIMARY KEY (hash, partial, position)
        ) STRICT, WITHOUT ROWID;
        -- The identities of the rest.
        CREATE TABLE partialRest (
            partial INTEGER NOT NULL,
            identity INTEGER NOT NULL,
            PRIMARY KEY (partial, identity)
        ) STRICT, WITHOUT ROWID;
        """
}

import GRDB

/// The ledger's tables. A migration that has been released is never changed; another is added.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 drops, batches, requests, contents") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("2 order") { database in
            try database.execute(sql: order)
        }
        return migrator
    }

    private static let first = """
        -- A drop from the moment it was judged.
        CREATE TABLE drops (
            id TEXT PRIMARY KEY NOT NULL,
            arrival INTEGER NOT NULL UNIQUE,
            inbox TEXT NOT NULL,
            name BLOB NOT NULL,
            shelf INTEGER,
            bytes INTEGER NOT NULL,
            receivedAt INTEGER NOT NULL,
            kind TEXT,
            sha256 BLOB,
            -- What makes it the same as another, `contents.key`.
            content TEXT,
            -- waiting: to be submitted; decided: its outcome stands, to be filed; filed: closed.
            state TEXT NOT NULL CHECK (state IN ('waiting', 'decided', 'filed')),
            outcome TEXT CHECK (outcome IN ('accepted', 'duplicate', 'failed')),
            confirmed INTEGER NOT NULL DEFAULT 0,
            -- A Problem as JSON.
            problem TEXT,
            duplicateOf BLOB,
            finishedAt INTEGER,
            -- Its name in done or failed, chosen before it gets there.
            filedName BLOB
        ) STRICT;
        CREATE INDEX dropsByState ON drops (inbox, state) WHERE state <> 'filed';

        -- One request body of a drop.
        CREATE TABLE batches (
            id INTEGER PRIMARY KEY,
            dropID TEXT NOT NULL REFERENCES drops (id),
            part INTEGER NOT NULL,
            parts INTEGER NOT NULL,
            reference TEXT NOT NULL,
            records INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            bodyHash BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'unresolved', 'accepted', 'refused')),
            statusURI TEXT,
            response TEXT,
            UNIQUE (dropID, part)
        ) STRICT;
        CREATE INDEX batchesByReference ON batches (reference);

        -- Every request of any sort: the attempts of batches, and the slots of the throttle.
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL CHECK (purpose IN ('token', 'batch')),
            batchID INTEGER REFERENCES batches (id),
            requestID TEXT NOT NULL,
            at INTEGER NOT NULL,
            status INTEGER,
            durationMs INTEGER,
            error TEXT,
            -- Milliseconds since the boot of that name; the slot is free one window after its end.
            boot TEXT NOT NULL,
            slotEnd INTEGER
        ) STRICT;
        CREATE INDEX requestsByBatch ON requests (batchID);

        -- Whom a content or a reference of a sender's own belongs to. Never purged while its inbox is configured.
        CREATE TABLE contents (
            key TEXT PRIMARY KEY NOT NULL,
            -- What the key was given to: an own reference takes no other content.
            content TEXT NOT NULL,
            kind TEXT NOT NULL,
            inbox TEXT NOT NULL,
            scope TEXT NOT NULL,
            dropID TEXT NOT NULL,
            name BLOB NOT NULL,
            -- pending: that drop is not final; unresolved: it is, but the API may or may not have taken it.
            state TEXT NOT NULL CHECK (state IN ('pending', 'unresolved', 'accepted'))
        ) STRICT, WITHOUT ROWID;
        """
}

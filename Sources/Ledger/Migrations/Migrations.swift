import GRDB

/// The ledger's tables. A migration that has been released is never changed; another is added.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        func add(_ name: String, _ sql: String) {
            migrator.registerMigration(name) { try $0.execute(sql: sql) }
        }
        add("1 drops, batches, requests, contents", first)
        add("2 status requests, drops put back, pauses", delivery)
        add("3 order", order)
        migrator.registerMigration("4 chain") { try Chain.begin($0) }
        add("5 filings that may not be on disk", filings)
        add("6 reasons of pauses", pauseReasons)
        add("7 retries on terms", retries)
        add("8 joint batches", joints)
        add("9 removals", removals)
        add("10 drops by their end", ends)
        add("11 references by their rounds", rounds)
        add("12 records of a rest", rests)
        add("13 words of what is repeated", repeats)
        add("14 words that were accepted", accepted)
        add("15 scopes of what went through in part", scopes)
        add("16 batches that earlier drops left open", inheritance)
        add("17 records that may have been refused", doubts)
        add("18 silence", silence)
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

    private static let delivery = """
        -- As before, with one purpose more and `counted`.
        CREATE TABLE newRequests (
            id INTEGER PRIMARY KEY,
            purpose TEXT NOT NULL CHECK (purpose IN ('token', 'batch', 'status')),
            batchID INTEGER REFERENCES batches (id),
            requestID TEXT NOT NULL,
            at INTEGER NOT NULL,
            status INTEGER,
            durationMs INTEGER,
            error TEXT,
            boot TEXT NOT NULL,
            slotEnd INTEGER,
            -- Whether it is one of its batch's attempts: not one that was made during a pause, nor one from before
            -- its drop was put back.
            counted INTEGER NOT NULL DEFAULT 1
        ) STRICT;
        INSERT INTO newRequests
            SELECT id, purpose, batchID, requestID, at, status, durationMs, error, boot, slotEnd, 1 FROM requests;
        DROP TABLE requests;
        ALTER TABLE newRequests RENAME TO requests;
        CREATE INDEX requestsByBatch ON requests (batchID);

        -- Failed drops that are put back by themselves, once.
        CREATE TABLE requeues (
            dropID TEXT PRIMARY KEY NOT NULL REFERENCES drops (id),
            -- waiting: it lies in failed until its time comes; moving: on its way from failed to its place in work;
            -- done: it was put back, or is there no more.
            state TEXT NOT NULL CHECK (state IN ('waiting', 'moving', 'done')),
            -- While it is moving: its new place in work.
            shelf INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX requeuesByState ON requeues (state) WHERE state <> 'done';

        -- What an admin paused: an inbox, or everything where the name is empty.
        CREATE TABLE pauses (inbox TEXT PRIMARY KEY NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """
}

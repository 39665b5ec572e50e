import GRDB

extension Migrations {
    static let joints = """
        -- Batches that several drops share: one request body each.
        CREATE TABLE joints (
            id INTEGER PRIMARY KEY,
            reference TEXT NOT NULL,
            drops INTEGER NOT NULL,
            records INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            bodyHash BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'unresolved', 'accepted', 'refused')),
            statusURI TEXT,
            response TEXT
        ) STRICT;

        -- Which joint batch a drop's batch is part of, if any; its place there, from 1; and the records before its own.
        ALTER TABLE batches ADD COLUMN joint INTEGER REFERENCES joints (id);
        ALTER TABLE batches ADD COLUMN place INTEGER;
        ALTER TABLE batches ADD COLUMN firstRecord INTEGER;
        CREATE INDEX batchesByJoint ON batches (joint) WHERE joint IS NOT NULL;
        ALTER TABLE requests ADD COLUMN joint INTEGER REFERENCES joints (id);
        CREATE INDEX requestsByJoint ON requests (joint) WHERE joint IS NOT NULL;

        -- The batches of drops as they are sent: a joint one under its own reference, with its own body and fate.
        CREATE VIEW sentBatches AS
            SELECT batches.id, batches.dropID, batches.part, batches.parts,
                COALESCE(joints.reference, batches.reference) AS reference, batches.records, batches.bytes,
                COALESCE(joints.bodyHash, batches.bodyHash) AS bodyHash, COALESCE(joints.state, batches.state) AS state,
                CASE WHEN joints.id IS NULL THEN batches.statusURI ELSE joints.statusURI END AS statusURI,
                CASE WHEN joints.id IS NULL THEN batches.response ELSE joints.response END AS response,
                joints.id AS joint, batches.place, batches.firstRecord, joints.drops AS jointDrops,
                joints.records AS jointRecords, joints.bytes AS jointBytes, batches.reference AS ownReference,
                batches.bodyHash AS ownHash
            FROM batches LEFT JOIN joints ON joints.id = batches.joint;
        """

    /// For a ledger that no service of this version has opened: the same view, of a time without joint batches.
    static func standIn(in database: Database) throws {
        guard try database.tableExists("batches"), try !database.viewExists("sentBatches") else { return }
        try database.execute(
            sql: """
                CREATE TEMP VIEW sentBatches AS
                    SELECT *, NULL AS joint, NULL AS place, NULL AS firstRecord, NULL AS jointDrops,
                        NULL AS jointRecords, NULL AS jointBytes, reference AS ownReference, bodyHash AS ownHash
                    FROM batches
                """)
    }
}

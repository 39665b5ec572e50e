extension Migrations {
    static let rounds = """
        -- Of what is in force, `holds` and `contents` know the round. All the others are asked for when an admin sends
        -- something as new (Ledger.freshRound): few, beside an entry for each batch, in no order, that touches a page more.
        DROP INDEX batchesByReference;
        CREATE INDEX batchesByRound ON batches (reference) WHERE state = 'refused' OR reference GLOB '*-r[0-9]*';
        """
}

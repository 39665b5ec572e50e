extension Migrations {
    static let inheritance = """
        -- A batch that an earlier drop left unresolved: what its own requests were answered is not all that became of it.
        ALTER TABLE batches ADD COLUMN isInherited INTEGER;
        """
}

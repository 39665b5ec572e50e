extension Migrations {
    static let removals = """
        -- What retention did about a filed drop. removing: its file and result are about to go, or are gone. removed: they
        -- are gone. kept: what has its name is not what was filed, or is not there, and is left alone. NULL: nothing.
        ALTER TABLE drops ADD COLUMN removal TEXT CHECK (removal IN ('removing', 'removed', 'kept'));
        -- When they were gone.
        ALTER TABLE drops ADD COLUMN removedAt INTEGER;
        CREATE INDEX dropsByAge ON drops (inbox, outcome, finishedAt) WHERE state = 'filed' AND removal IS NULL;
        CREATE INDEX dropsBeingRemoved ON drops (inbox) WHERE removal = 'removing';
        -- Whose a file in done or failed is.
        CREATE INDEX dropsByPlace ON drops (inbox, filedName) WHERE filedName IS NOT NULL;
        """
}

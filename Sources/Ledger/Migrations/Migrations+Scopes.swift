extension Migrations {
    static let scopes = """
        -- Whose inboxes know one another's payments: the same file in another of them is the same payments.
        ALTER TABLE partials ADD COLUMN scope TEXT;
        UPDATE partials SET scope = COALESCE(
            (SELECT scope FROM holds WHERE holds.dropID = partials.dropID),
            (SELECT scope FROM contents WHERE contents.dropID = partials.dropID), inbox);
        CREATE INDEX partialsByScope ON partials (scope);
        """
}

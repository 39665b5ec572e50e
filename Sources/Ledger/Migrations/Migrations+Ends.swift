extension Migrations {
    static let ends = """
        -- Who looks once a second at what ended last goes through no more than that.
        CREATE INDEX dropsByEnd ON drops (finishedAt) WHERE outcome IS NOT NULL;
        """
}

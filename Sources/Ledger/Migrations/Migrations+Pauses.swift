extension Migrations {
    static let pauseReasons = """
        -- Why the service paused by itself, and what an admin must decide, in words; NULL: an admin paused it.
        ALTER TABLE pauses ADD COLUMN reason TEXT;
        """
}

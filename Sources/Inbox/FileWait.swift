import Model

/// What a file in an inbox waits for.
package enum FileWait: Sendable, Hashable {
    /// Its sender may still be writing it.
    case settling(until: Moment)
    /// Its end looks like none, so it may be an interrupted upload.
    case unfinished(until: Moment)
    /// It could not be read or claimed, and is tried again.
    case postponed(until: Moment)
    /// Its marker, of this name.
    case marker(FileName)
    /// It is whole.
    case due
}

extension InboxFolder {
    /// - Parameter name: as it is shown to people.
    /// - Returns: `nil` for a file that is not there, or nobody's drop.
    package func wait(ofShown name: String) -> FileWait? {
        let (now, wall) = (time.moment, time.timestamp)
        guard let file = settling.name(shownAs: name) else { return nil }
        return settling.wait(for: file, marker: settings.ready?.marker(of: file), at: now, wall)
    }
}

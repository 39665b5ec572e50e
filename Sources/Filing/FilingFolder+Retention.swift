import FileSystem
import Model
import SystemPackage

/// The end of a filed drop's time here.
extension FilingFolder {
    /// What lies here under the name of a drop that was filed.
    package enum Remains: Sendable, Hashable {
        /// It, as it was filed, and its result.
        case unchanged
        /// Nothing, or its result alone.
        case gone
        /// Something else, in words: nothing of ours to remove.
        case foreign(String)
    }

    /// Looks whether a drop and its result are what was filed: by size and hash, and where it was never hashed by its
    /// change time, which nobody can set.
    package func remains(
        of drop: Drop, _ name: FiledName, sha256: [UInt8]?, filedAt: Timestamp
    ) throws(SystemCallError) -> Remains {
        if try directory.status(of: name.sidecar) != nil,
            try ResultFile(name.sidecar, in: directory)?.drop != drop.id
        {
            return .foreign("its result is not its own")
        }
        guard let status = try directory.status(of: name.drop) else { return .gone }
        guard status.form == .regular else { return .foreign("it is no regular file") }
        guard status.size == drop.bytes else {
            return .foreign("it has \(status.size) bytes; it had \(drop.bytes)")
        }
        if let sha256 {
            return try directory.isFile(name.drop, sha256: sha256)
                ? .unchanged : .foreign("its content is another than what was judged")
        }
        return status.changedAt <= filedAt + FilingFolder.filingTime
            ? .unchanged : .foreign("it was never read, and may have changed since it was filed")
    }

    /// The rename comes after the outcome, whose time is the drop's end.
    private static let filingTime = Duration.seconds(60)

    /// Removes a drop and its result. Doing it again changes nothing.
    package func remove(_ name: FiledName, of drop: DropID) throws(SystemCallError) {
        try directory.remove(name.drop)
        KillPoint.dropRemoved.reach()
        if try ResultFile(name.sidecar, in: directory)?.drop == drop { try directory.remove(name.sidecar) }
        KillPoint.resultRemoved.reach()
    }
}

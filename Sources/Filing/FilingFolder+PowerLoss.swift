import FileSystem
import Model
import SystemPackage

/// What a power loss may do to a folder, and what keeps it from doing so.
extension FilingFolder {
    enum SidecarStanding {
        case same
        /// It says nothing that anybody would miss.
        case replaceable
        case foreign
    }

    /// What a result is that has the name of this drop's.
    func standing(of sidecar: FileName, text: [UInt8], drop: DropID) throws(SystemCallError) -> SidecarStanding {
        guard try directory.status(of: sidecar) != nil else { return .replaceable }
        guard let present = try ResultFile(sidecar, in: directory) else { return .foreign }
        if present.bytes == text { return .same }
        guard present.root == nil else { return present.drop == drop ? .replaceable : .foreign }
        // Names and sizes reach the disk before bytes may: zeros, a part, or nothing at all.
        let bytes = present.bytes
        let isTorn = bytes.isEmpty || bytes.contains(0) || bytes.first == UInt8(ascii: "{")
        return isTorn ? .replaceable : .foreign
    }

    /// Whether a drop lies here as it was filed; without its hash, as far as its size tells.
    package func holds(_ name: FiledName, bytes: Int64, sha256: [UInt8]?) throws(SystemCallError) -> Bool {
        guard try directory.status(of: name.drop)?.size == bytes else { return false }
        return try sha256.map { (hash) throws(SystemCallError) in try directory.isFile(name.drop, sha256: hash) }
            ?? true
    }

    /// Removes what a copy to another file system was made from, where a stop of the service came in between.
    package func clearOriginal(
        _ workName: FileName, in work: Directory, as name: FiledName
    ) throws(SystemCallError) {
        guard try !directory.isSameMount(as: work), try work.status(of: workName)?.form == .regular,
            try directory.isFile(name.drop, sha256: FileCopy.hash(of: OpenFile(reading: workName, in: work)))
        else { return }
        try work.remove(workName)
        try work.sync()
    }

    /// Makes drops and their results survive a power loss; those that somebody took meanwhile are left out.
    ///
    /// - Parameter mayGoOn: asked before each file, for there may be thousands.
    /// - Returns: `false` where it might not.
    package func sync(_ names: [FiledName], while mayGoOn: () -> Bool) throws(SystemCallError) -> Bool {
        for file in names.flatMap({ [$0.drop, $0.sidecar] }) {
            guard mayGoOn() else { return false }
            guard try directory.status(of: file)?.form == .regular else { continue }
            do throws(SystemCallError) {
                try OpenFile(reading: file, in: directory).sync()
            } catch {
                // Gone since that look, or filed for having been unreadable.
                guard error.errno == .noSuchFileOrDirectory || error.errno == .permissionDenied else { throw error }
            }
        }
        try directory.sync()
        return true
    }

    /// Makes names that came or went survive a power loss.
    package func syncNames() throws(SystemCallError) {
        try directory.sync()
    }
}

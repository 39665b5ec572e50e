import Glibc
import Model
import SystemPackage

/// Paths as the bytes that they are: nothing in them need be UTF-8.
extension FilePath {
    /// - Parameter bytes: up to the first that is zero.
    package init(bytes: some Sequence<UInt8>) {
        let characters = bytes.map(CChar.init(bitPattern:)) + [0]
        self.init(platformString: characters)
    }

    package var bytes: [UInt8] {
        withPlatformString { UnsafeBufferPointer(start: $0, count: length).map(UInt8.init(bitPattern:)) }
    }

    /// The process's working directory; `.` where it has none any more.
    package static var workingDirectory: FilePath {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return FilePath(platformString: path)
    }

    /// The entry of this name in the folder.
    package func appending(bytes name: [UInt8]) -> FilePath {
        FilePath(bytes: bytes + [UInt8(ascii: "/")] + name)
    }

    /// The folder that it is in and its name there; `nil`: it ends in no name.
    package var located: (folder: FilePath, name: FileName)? {
        guard let name = lastComponent.map(FileName.init) else { return nil }
        let folder = removingLastComponent()
        return (folder.isEmpty ? "." : folder, name)
    }
}

extension FileName {
    package init(_ component: FilePath.Component) {
        self.init(bytes: FilePath(root: nil, [component]).bytes)
    }
}

extension Directory {
    /// A path for libraries that take paths as text only: it leads here by the descriptor (`proc(5)`), for as long as this
    /// is open.
    package var textPath: String { "/proc/self/fd/\(descriptor)" }

    /// Opens the folder that a path is in.
    ///
    /// - Returns: the folder, and the path's name there.
    /// - Throws: also where the path ends in no name.
    package static func containing(
        _ path: FilePath
    ) throws(SystemCallError) -> (folder: Directory, name: FileName) {
        guard let (folder, name) = path.located else { throw SystemCallError("open", path.string, .isDirectory) }
        return (try Directory(opening: folder), name)
    }
}

extension OpenFile {
    /// As ``Directory/textPath``.
    package var textPath: String { "/proc/self/fd/\(descriptor)" }
}

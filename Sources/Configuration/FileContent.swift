import SystemPackage

/// Reads a small file whole.
enum FileContent {
    /// Why a file could not be read.
    enum Failure: Error, CustomStringConvertible {
        case call(String, Errno)
        case tooLarge(limit: Int)

        var description: String {
            switch self {
            case .call(let call, let errno): "cannot be read: \(call): \(errno.description)"
            case .tooLarge(let limit): "is over \(limit) bytes"
            }
        }
    }

    static func read(_ path: FilePath, atMost limit: Int) throws(Failure) -> [UInt8] {
        let file = try call("open") { () throws in
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        }
        let content: Result<[UInt8], Failure>
        do {
            content = .success(try readAll(file, atMost: limit))
        } catch {
            content = .failure(error)
        }
        try call("close") { () throws in try file.close() }
        return try content.get()
    }

    /// Whether users who are neither the owner nor of the group may read or write a file; a file that cannot be looked
    /// at is open to nobody as far as this process can tell.
    static func isOpenToAll(_ path: FilePath) -> Bool {
        do {
            let others: FilePermissions = [.otherRead, .otherWrite]
            return !(try Stat(path).permissions.isDisjoint(with: others))
        } catch {
            return false
        }
    }

    private static func readAll(_ file: FileDescriptor, atMost limit: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try call("read") { () throws in
                try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > limit { throw .tooLarge(limit: limit) }
        }
    }

    private static func call<Value>(_ name: String, _ body: () throws -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch let errno as Errno {
            throw .call(name, errno)
        } catch {
            preconditionFailure("\(name) throws nothing but Errno: \(error)")
        }
    }
}

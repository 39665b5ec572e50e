import ArgumentParser
import FileSystem
import Glibc
import Model
import SystemPackage

/// A path on the command line, whatever bytes it has.
struct PathArgument: ExpressibleByArgument, CustomStringConvertible {
    let path: FilePath

    init(argument: String) {
        path = FilePath(bytes: CommandLine.bytes(ofGiven: argument))
    }

    /// In the form for people.
    var description: String { FileName.escaped(path.bytes) }

    /// The whole file, which may be a pipe.
    ///
    /// - Throws: `Errno`, as ``write(_:)``.
    func read() throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += piece[..<count]
            }
        }
    }

    /// Makes the file, or writes it over.
    func write(_ bytes: [UInt8]) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }
}

extension CommandLine {
    /// The first of 256 characters that stand for bytes which are not UTF-8. They are for private use, the last ones there
    /// are: nobody types them.
    private static let firstStandIn: UInt32 = 0x10_FF00

    /// What the program was called with. `CommandLine.arguments` would have lost whatever is not UTF-8: here each byte of
    /// that has a character that stands for it, until ``PathArgument`` puts it back.
    static var given: [String] {
        (1..<max(1, argc)).compactMap { index in
            unsafeArgv[Int(index)].map { given(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
        }
    }

    static func given(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            var parser = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            switch parser.parseScalar(from: &iterator) {
            case .emptyInput: return text
            case .valid(let encoded):
                text.unicodeScalars.append(Unicode.UTF8.decode(encoded))
                rest = rest.dropFirst(encoded.count)
            case .error(let length):
                for byte in rest.prefix(length) {
                    text.unicodeScalars.append(Unicode.Scalar(firstStandIn + UInt32(byte))!)
                }
                rest = rest.dropFirst(length)
            }
        }
        return text
    }

    static func bytes(ofGiven argument: String) -> [UInt8] {
        argument.unicodeScalars.flatMap { scalar -> [UInt8] in
            scalar.value >= firstStandIn ? [UInt8(scalar.value - firstStandIn)] : Array(String(scalar).utf8)
        }
    }
}

import Foundation
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The program on a terminal of its own (`openpty(3)`), and all that it wrote there.
final class Terminal: Sendable {
    private let screen: Screen
    private let child = Program.Child()
    private let ended: Task<Int32, any Error>

    init(
        _ arguments: [String], in folder: URL, environment: [String: String], columns: UInt16 = 80, rows: UInt16 = 24
    ) throws {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        var (master, slave): (Int32, Int32) = (0, 0)
        guard openpty(&master, &slave, nil, nil, &size) == 0 else { throw Errno(rawValue: errno) }
        screen = Screen(master)
        let variables = ["PATH": "/usr/bin:/bin", "HOME": "/tmp", "TERM": "xterm"].merging(environment) { $1 }
        let output = FileDescriptor(rawValue: slave)
        ended = Task { [child] in
            defer { child.end() }
            let result = try await Subprocess.run(
                .path(FilePath(Program.executable.path)), arguments: Arguments(arguments),
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1) })),
                workingDirectory: FilePath(folder.path), input: .none,
                output: .fileDescriptor(output, closeAfterSpawningProcess: true), error: .discarded
            ) { execution in
                child.begin(execution.processIdentifier)
            }
            switch result.terminationStatus {
            case .exited(let status): return status
            case .signaled(let signal): return 128 + signal
            }
        }
    }

    deinit {
        signal(SIGKILL)
    }

    /// All that was written so far, with the sequences that move the cursor.
    var text: String {
        let written = screen.written.withLock { $0 }
        // Returns before a line feed are one character with it in Swift.
        let lineEnds: Set<UInt8> = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        let bytes = written.indices.filter { index in
            written[index] != UInt8(ascii: "\r") || index + 1 == written.count || !lineEnds.contains(written[index + 1])
        }.map { written[$0] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a person sees: the last whole frame, without colours.
    var frame: [String] {
        let frames = text.components(separatedBy: "\u{1B}[J").dropLast()
        let sequences = /\u{1B}\[[0-9;?]*[A-Za-z]|\r/
        return (frames.last ?? "").replacing(sequences, with: "").split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast().map(String.init)
    }

    func signal(_ signal: Int32) {
        child.signal(signal)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(screen.master, UInt(TIOCSWINSZ), &size)
        // It is not the program's controlling terminal, so the kernel tells nobody.
        signal(SIGWINCH)
    }

    /// The exit status; 128 and more for a signal.
    var status: Int32 { get async throws { try await ended.value } }

    /// Reads what the program writes until nobody holds the other side.
    private final class Screen: Sendable {
        let master: Int32
        let written = Mutex<[UInt8]>([])

        init(_ master: Int32) {
            self.master = master
            // A thread, for a read of a terminal blocks.
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = read(master, &buffer, buffer.count)
                    // EIO: the other side is closed.
                    if count <= 0 { break }
                    written.withLock { $0 += buffer[..<count] }
                }
                close(master)
            }
        }
    }
}

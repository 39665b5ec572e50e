import FileSystem
import Foundation
import Glibc
import Model
import SystemPackage

/// Keeps a second service away from one state folder: a lock that the kernel takes back when its process dies.
///
/// The file has the process's number, for messages, and the service's name, by which it knows its own notes on inboxes
/// again. The name is written once and has its place for good; a later start writes over the number alone.
///
/// ```
/// 4711⏎⏎⏎⏎⏎⏎⏎⏎A2F1C2B0-…⏎
/// ```
final class StateLock: Sendable {
    static let file = FileName("lock")

    private let descriptor: CInt
    /// The number's room; empty lines fill it.
    private static let numberBytes = 12
    /// Names the state folder's service for good.
    let service: String

    /// Makes the state folder with mode 0700 where it is missing.
    ///
    /// - Throws: ``CannotStart``, which names the process that holds the lock.
    init(state: FilePath) throws(CannotStart) {
        do throws(SystemCallError) {
            try StateLock.makeFolder(state)
        } catch {
            throw CannotStart("the state folder \(state) cannot be made: \(error)")
        }
        let path = state.appending(StateLock.file.description)
        let opened = path.withPlatformString { open($0, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard opened >= 0 else { throw CannotStart(SystemCallError.last("open", path.string).description) }
        guard StateLock.take(opened) else {
            let holder = StateLock.holder(opened)
            close(opened)
            throw CannotStart("another service\(holder) uses the state folder \(state)")
        }
        do throws(SystemCallError) {
            service = try StateLock.sign(opened, state)
        } catch {
            close(opened)
            throw CannotStart("the state folder \(state) cannot be written to: \(error)")
        }
        descriptor = opened
    }

    deinit {
        close(descriptor)
    }

    /// Whoever asks for the holder has the lock for a moment, shared with others who ask: that is waited out. A service
    /// shares it with nobody.
    private static func take(_ descriptor: CInt) -> Bool {
        let end = ContinuousClock.now + .seconds(5)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard flock(descriptor, LOCK_SH | LOCK_NB) == 0, ContinuousClock.now < end else { return false }
            flock(descriptor, LOCK_UN)
            usleep(.random(in: 500...2000))
        }
        return true
    }

    /// Writes down who has the lock, and the service's name where it is not in its place.
    ///
    /// - Returns: the service's name; it is on disk.
    private static func sign(_ descriptor: CInt, _ state: FilePath) throws(SystemCallError) -> String {
        let present = text(descriptor)
        let service = lines(descriptor).dropFirst().first ?? UUID().uuidString
        let digits = Array("\(getpid())".utf8)
        let number = digits + Array(repeating: UInt8(ascii: "\n"), count: numberBytes - digits.count)
        let name = Array("\(service)\n".utf8)
        if present.dropFirst(numberBytes).elementsEqual(name) {
            // Nothing depends on the number.
            _ = pwrite(descriptor, number, number.count, 0)
            return service
        }
        // Its length first: a power loss may leave new bytes and the old length.
        let room = Array(repeating: UInt8(ascii: "\n"), count: max(0, number.count + name.count - present.count))
        try write(room, at: present.count, descriptor, state)
        try write(number + name, at: 0, descriptor, state)
        try Directory(opening: state).sync()
        return service
    }

    /// Writes in one piece, and brings it to the disk.
    private static func write(
        _ bytes: [UInt8], at offset: Int, _ descriptor: CInt, _ state: FilePath
    ) throws(SystemCallError) {
        let path = state.appending("lock").string
        let count = pwrite(descriptor, bytes, bytes.count, off_t(offset))
        guard count >= 0 else { throw SystemCallError.last("pwrite", path) }
        guard count == bytes.count else { throw SystemCallError("pwrite", path, .noSpace) }
        guard fsync(descriptor) == 0 else { throw SystemCallError.last("fsync", path) }
    }

    private static func makeFolder(_ state: FilePath) throws(SystemCallError) {
        let (directory, name) = try Directory.containing(state)
        if try directory.status(of: name) != nil { return }
        _ = try directory.subdirectory(name, makingWith: 0o700)
        // Whatever is synced in a folder is lost with the folder's own name.
        try directory.sync()
    }

    /// The service that uses the state folder, as its process's number; `nil`: there is none.
    static func holder(of state: FilePath) -> String? {
        let opened = state.appending(file.description).withPlatformString {
            open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        }
        guard opened >= 0 else { return nil }
        defer { close(opened) }
        if flock(opened, LOCK_SH | LOCK_NB) == 0 { return nil }
        return lines(opened).first ?? ""
    }

    private static func holder(_ descriptor: CInt) -> String {
        lines(descriptor).first.flatMap { Int($0) }.map { " (process \($0))" } ?? ""
    }

    private static func lines(_ descriptor: CInt) -> [String] {
        String(decoding: text(descriptor), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func text(_ descriptor: CInt) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: 128)
        let length = pread(descriptor, &text, text.count, 0)
        return Array(text[..<max(0, length)])
    }
}

/// This run of the machine.
enum Boot {
    /// The kernel's random name for it, `/proc/sys/kernel/random/boot_id` (`random(4)`).
    static func identifier() throws(CannotStart) -> String {
        do throws(SystemCallError) {
            let directory = try Directory(opening: "/proc/sys/kernel/random")
            let bytes = try OpenFile(reading: FileName("boot_id"), in: directory).bytes(at: 0, count: 64)
            return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        } catch {
            throw CannotStart("the machine's boot identifier cannot be read: \(error)")
        }
    }
}

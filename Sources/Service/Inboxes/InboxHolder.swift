import FileSystem
import Foundation
import Glibc
import Model
import SystemPackage

/// Which service works on an inbox, as it is noted on its work folder: as an extended attribute, and where the file system
/// has none in the file `.work/.holder`.
///
/// The note names the process by its number and its start, so that one that was killed holds nothing, and costs no
/// descriptor: an idle inbox's disk can be unmounted.
struct InboxHolder: Sendable, Hashable, Codable {
    /// The state folder's own, whatever its path.
    var service: String
    /// For messages.
    var state: String
    var process: Int32
    /// When the process began, in the kernel's own ticks (`proc_pid_stat(5)`, field 22).
    var started: UInt64
    /// The run of the machine, the space of process numbers in it, and the name of the host.
    var boot: String
    var processes: String
    var host: String

    enum Verdict: Sendable, Hashable {
        case free
        /// Why it is not, in words.
        case held(String)
    }

    /// What becomes of an inbox with this note in it, for a service that wants it.
    ///
    /// - Parameter isAlive: whether a process of this number is the one that began then.
    func verdict(for other: InboxHolder, note: String, isAlive: (Int32, UInt64) -> Bool) -> Verdict {
        if (boot, processes) == (other.boot, other.processes) {
            let isOther = (service, process) != (other.service, other.process)
            return isOther && isAlive(process, started)
                ? .held("process \(process) with the state folder \(state)") : .free
        }
        // Whoever has the state folder's lock knows that its last owner is no more.
        if service == other.service { return .free }
        // The machine was started again.
        if host == other.host && boot != other.boot { return .free }
        return .held(
            "process \(process) on \(host) with the state folder \(state), as far as can be known from here; "
                + "if it is no more, remove \(note)")
    }
}

/// This service as the holder of inboxes.
struct InboxClaims: Sendable {
    private let me: InboxHolder

    private static let attribute = "user.sluice.holder"
    private static let name = FileName(".holder")

    init(service: String, state: FilePath, boot: String) throws(CannotStart) {
        let process = getpid()
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        guard let started = InboxClaims.start(of: process) else {
            throw CannotStart("/proc/\(process)/stat cannot be read: the service needs a /proc")
        }
        me = InboxHolder(
            service: service, state: state.string, process: process, started: started, boot: boot,
            processes: InboxClaims.processSpace,
            host: String(decoding: host.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
    }

    /// Takes the inbox with this work folder, or finds out who has it.
    ///
    /// - Returns: who holds it, in words; `nil`: it is this service's.
    func hold(_ work: FilePath) throws -> String? {
        let folder = try Directory(opening: work)
        let text = try JSONEncoder().encode(me)
        return try folder.whileLocked { () throws(SystemCallError) in
            if let holder = try InboxClaims.read(folder) {
                if holder == me { return nil }
                if case .held(let words) = verdict(holder, work) { return words }
            }
            if try folder.setAttribute(InboxClaims.attribute, Array(text)) {
                try folder.remove(InboxClaims.name)
                return nil
            }
            let temporary = FileName(".holder.tmp")
            try OpenFile(creating: temporary, in: folder, .overwriting(mode: 0o600)).write(Array(text))
            try folder.replace(InboxClaims.name, with: temporary)
            return nil
        }
    }

    /// Who holds an inbox, in words; `nil`: nobody else.
    func holder(of work: FilePath) -> String? {
        do throws(SystemCallError) {
            guard let holder = try InboxClaims.read(Directory(opening: work)),
                case .held(let words) = verdict(holder, work)
            else { return nil }
            return words
        } catch {
            // Whether the folder can be used is asked elsewhere, and again when it is taken.
            return nil
        }
    }

    /// Another may have it. A note that cannot be removed says no more when this process has ended.
    func letGo(_ work: FilePath) throws(SystemCallError) {
        let folder = try Directory(opening: work)
        try folder.whileLocked { () throws(SystemCallError) in
            guard try InboxClaims.read(folder) == me else { return }
            try folder.removeAttribute(InboxClaims.attribute)
            try folder.remove(InboxClaims.name)
        }
    }

    private func verdict(_ holder: InboxHolder, _ work: FilePath) -> InboxHolder.Verdict {
        holder.verdict(
            for: me, note: "\(work)/\(InboxClaims.name), or the attribute \(InboxClaims.attribute) of \(work)",
            isAlive: InboxClaims.isAlive)
    }

    /// - Returns: `nil` where nobody has it; a note that cannot be understood is nobody's.
    private static func read(_ folder: Directory) throws(SystemCallError) -> InboxHolder? {
        if let text = try folder.attribute(attribute) {
            return try? JSONDecoder().decode(InboxHolder.self, from: Data(text))
        }
        guard let status = try folder.status(of: name), status.form == .regular else { return nil }
        let text = try OpenFile(reading: name, in: folder).bytes(at: 0, count: Int(min(status.size, 65536)))
        return try? JSONDecoder().decode(InboxHolder.self, from: Data(text))
    }

    private static func isAlive(_ process: Int32, started: UInt64) -> Bool {
        if let start = start(of: process) { return start == started }
        // Another user's process may be hidden from /proc, and is there nevertheless.
        return kill(process, 0) == 0 || Glibc.errno == EPERM
    }

    private static func start(of process: Int32) -> UInt64? {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The second field is the program's name, in parentheses, with any character in it.
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }

    /// Which numbers mean which processes.
    private static var processSpace: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? "unknown"
    }
}

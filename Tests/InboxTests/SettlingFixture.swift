import FileSystem
import Inbox
import Model

/// A settling with hands on both clocks.
struct SettlingFixture {
    var settling: Settling
    var now = Moment(sinceBoot: .seconds(1000))
    var time = Timestamp(milliseconds: 1_800_000_000_000)

    init(
        settle: Duration = .seconds(1), grace: Duration = .seconds(60), trusts: Bool = true, byName: Bool = false,
        needsMarker: Bool = false
    ) {
        settling = Settling(
            rules: Settling.Rules(
                settle: settle, partialGrace: grace, trustsChangeTime: trusts, sortsByName: byName,
                needsMarker: needsMarker))
    }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        time = time + duration
    }

    /// A regular file whose last change was `quiet` ago.
    func file(
        quiet: Duration = .zero, size: Int64 = 10, links: Int = 1, inode: UInt64 = 1,
        form: FileStatus.Form = .regular
    ) -> FileStatus {
        let changed = (time.milliseconds - quiet.wholeMilliseconds) * 1_000_000
        return FileStatus(form: form, inode: inode, links: links, size: size, modified: changed, changed: changed)
    }

    mutating func see(_ name: String, _ status: FileStatus?, renamedIn: Bool = false, isMarked: Bool = false) {
        settling.see(FileName(name), status, renamedIn: renamedIn, isMarked: isMarked, at: now, time)
    }

    mutating func ended(_ name: String, whole: Bool = true) {
        settling.ended(FileName(name), whole: whole)
    }

    /// What is due, with `?` before a name whose end is to be examined, `!` before an unfinished one, `@` before an
    /// odd one.
    var due: [String] {
        settling.due(at: now, time).map {
            switch settling.action($0, at: now, time) {
            case nil: "nothing"
            case .examine(let name): "?\(name)"
            case .claim(let name, .whole): "\(name)"
            case .claim(let name, .unfinished): "!\(name)"
            case .claim(let name, .notRegular): "@\(name)"
            }
        }
    }

    /// How long until something is due.
    var wait: Duration? {
        settling.nextLook(at: now, time).map { $0 - now }
    }
}

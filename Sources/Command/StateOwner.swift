import Glibc
import SystemPackage

/// As root, a command becomes the user that owns the state folder before it touches anything: what it writes belongs to
/// the service (contract, section 9).
enum StateOwner {
    static func takeOn(_ state: FilePath) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard state.withPlatformString({ stat($0, &status) }) == 0, status.st_uid != 0 else { return }
        let name = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) }
        let groups = name.map { initgroups($0, status.st_gid) } ?? setgroups(0, nil)
        guard groups == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            Output.error(
                "sluice: cannot become the user \(status.st_uid), whom \(state) belongs to: \(Errno(rawValue: errno))")
            throw Exit.cannotStart
        }
    }
}

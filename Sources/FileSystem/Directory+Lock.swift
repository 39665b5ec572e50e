import Glibc
import SystemPackage

extension Directory {
    /// Runs `body` while no other process does so with this directory (`flock(2)`), where the file system knows locks.
    package func whileLocked<Value>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        if uninterrupted({ Int(flock(descriptor, LOCK_EX)) }) == nil {
            switch Glibc.errno {
            case EINVAL, ENOLCK, EOPNOTSUPP, ENOSYS: break
            default: throw .last("flock", path.string)
            }
        }
        defer { flock(descriptor, LOCK_UN) }
        return try body()
    }
}

import Glibc
import SystemPackage

/// A system call that failed: which, on what, and why.
package struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
    package let call: String
    package let path: String
    package let errno: Errno

    package init(_ call: String, _ path: String, _ errno: Errno) {
        self.call = call
        self.path = path
        self.errno = errno
    }

    /// Reads `errno`: to be made right after the call.
    package static func last(_ call: String, _ path: @autoclosure () -> String) -> SystemCallError {
        // Before anything else, the path's making among it.
        let code = Glibc.errno
        return SystemCallError(call, path(), Errno(rawValue: code))
    }

    /// Whether a file system may have refused the name: too long for it, or with bytes that it does not take.
    package var mayRefuseName: Bool { [.invalidArgument, .illegalByteSequence, .fileNameTooLong].contains(errno) }

    package var description: String { "\(call) \(path): \(errno)" }
}

/// Calls again while a signal interrupts; `nil` when the call failed, with `errno` as it left it.
@discardableResult
func uninterrupted(_ call: () -> Int) -> Int? {
    while true {
        let answer = call()
        if answer >= 0 { return answer }
        if Glibc.errno != EINTR { return nil }
    }
}

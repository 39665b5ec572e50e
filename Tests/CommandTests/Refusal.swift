import Foundation
import TestSupport

/// A folder whose file system refuses what this machine's own ones take: a library that stands between the program and
/// the C library, and answers for the kernel.
///
/// File systems with quotas and with few characters in names need a kernel that has them; this one needs a compiler.
struct Refusal {
    /// What is refused.
    enum Reason: String {
        /// Room, while the file `refuse` is there: EDQUOT.
        case quota
        /// Names with a byte that is no ASCII, or with a colon, as on vfat and CIFS: EINVAL.
        case names
    }

    static let canCompile: Bool = {
        if compiler != nil { return true }
        print("*** NO C COMPILER: the tests of quotas and of refused names are SKIPPED. ***")
        return false
    }()

    private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let folder: TemporaryFolder
    private let target: URL
    private let reason: Reason

    init(_ reason: Reason, in target: URL) throws {
        folder = try TemporaryFolder()
        (self.reason, self.target) = (reason, target)
        try folder.url.write(Refusal.source, as: "refusal.c")
        guard let compiler = Refusal.compiler else { throw CocoaError(.executableNotLoadable) }
        let build = try Process.run(
            URL(fileURLWithPath: compiler),
            arguments: [
                "-shared", "-fPIC", "-O1", "-o", library, folder.url.appendingPathComponent("refusal.c").path, "-ldl",
            ])
        build.waitUntilExit()
        guard build.terminationStatus == 0 else { throw CocoaError(.executableNotLoadable) }
    }

    private var library: String { folder.url.appendingPathComponent("refusal.so").path }
    private var flag: URL { folder.url.appendingPathComponent("refuse") }

    /// For the program that is to suffer it.
    var environment: [String: String] {
        ["LD_PRELOAD": library, "REFUSE_IN": target.path, "REFUSE_WHILE": flag.path, "REFUSE": reason.rawValue]
    }

    func begin() throws { try Data().write(to: flag) }
    func end() throws { try FileManager.default.removeItem(at: flag) }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/types.h>
        #include <unistd.h>

        #define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

        static int is_reason(const char *reason) {
            const char *wanted = getenv("REFUSE");
            return wanted && strcmp(wanted, reason) == 0;
        }

        static int lies_there(int descriptor) {
            char link[64], path[4096];
            snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
            ssize_t length = readlink(link, path, sizeof path - 1);
            if (length < 0) return 0;
            path[length] = 0;
            const char *folder = getenv("REFUSE_IN");
            return folder && strncmp(path, folder, strlen(folder)) == 0;
        }

        static int is_over_quota(int descriptor) {
            return is_reason("quota") && access(getenv("REFUSE_WHILE"), F_OK) == 0 && lies_there(descriptor);
        }

        static int is_refused(int folder, const char *name) {
            if (!is_reason("names") || !lies_there(folder)) return 0;
            for (const char *byte = name; *byte; byte++)
                if ((unsigned char)*byte >= 0x80 || *byte == ':') return 1;
            return 0;
        }

        ssize_t write(int descriptor, const void *bytes, size_t count) {
            if (is_over_quota(descriptor)) { errno = EDQUOT; return -1; }
            return REAL(write)(descriptor, bytes, count);
        }

        ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
            if (is_over_quota(descriptor)) { errno = EDQUOT; return -1; }
            return REAL(pwrite64)(descriptor, bytes, count, offset);
        }

        ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
            if (is_over_quota(descriptor)) { errno = EDQUOT; return -1; }
            return REAL(pwrite)(descriptor, bytes, count, offset);
        }

        int renameat2(int from, const char *name, int to, const char *new_name, unsigned int flags) {
            if (is_refused(to, new_name)) { errno = EINVAL; return -1; }
            return REAL(renameat2)(from, name, to, new_name, flags);
        }

        int renameat(int from, const char *name, int to, const char *new_name) {
            if (is_refused(to, new_name)) { errno = EINVAL; return -1; }
            return REAL(renameat)(from, name, to, new_name);
        }

        int unlinkat(int folder, const char *name, int flags) {
            if (is_refused(folder, name)) { errno = EINVAL; return -1; }
            return REAL(unlinkat)(folder, name, flags);
        }

        int openat(int folder, const char *name, int flags, ...) {
            va_list more;
            va_start(more, flags);
            mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
            va_end(more);
            if (is_refused(folder, name)) { errno = EINVAL; return -1; }
            return REAL(openat)(folder, name, flags, mode);
        }
        """#
}

import FileSystem
import Model
import NIOSSL
import SystemPackage

/// The PEM file of authorities that connections trust, looked at before they do.
package enum AuthorityFile {
    /// What is wrong with it, in plain words; `nil`: it can be read, and holds a certificate.
    package static func problem(of path: FilePath) -> String? {
        do {
            guard FileStatus(at: path).map({ $0.form == .regular }) ?? true else {
                return "\(path) is no regular file"
            }
            let (folder, name) = try Directory.containing(path)
            let file = try OpenFile(followingLinks: name, in: folder)
            let text = try file.bytes(at: 0, count: Int(file.status().size))
            guard !text.isEmpty, try !NIOSSLCertificate.fromPEMBytes(text).isEmpty else {
                return "\(path) holds no certificate"
            }
            return nil
        } catch let error as SystemCallError {
            return "\(path) cannot be read: \(error.errno)"
        } catch {
            return "\(path) holds no certificate in PEM form, or one that cannot be read"
        }
    }
}

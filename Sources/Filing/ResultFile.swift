import FileSystem
import JSONText
import Model
import SystemPackage

/// What lies in a folder under the name of a result.
package struct ResultFile: Sendable {
    let bytes: [UInt8]
    /// `nil` for what is no JSON.
    package let root: JSONValue?

    /// No result of ours comes near it.
    private static let longest: Int64 = 64 << 20

    /// - Returns: `nil` where there is nothing, or what can be no result: no regular file, or a longer one than any.
    package init?(_ name: FileName, in directory: Directory) throws(SystemCallError) {
        guard let status = try directory.status(of: name), status.form == .regular, status.size < ResultFile.longest
        else { return nil }
        do throws(SystemCallError) {
            bytes = try OpenFile(reading: name, in: directory).bytes(at: 0, count: Int(status.size))
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
        root = try? JSONDocument(parsing: bytes).root
    }

    /// The drop that it is the result of; `nil`: it is no result.
    package var drop: DropID? { root?["drop"]?["id"]?.string.map { DropID(text: $0) } }
}

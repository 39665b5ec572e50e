import FileSystem
import SluiceConfiguration
import SystemPackage

extension FolderCheck {
    /// What works, and costs something: folders that no rename leads to.
    package static func remarks(on inbox: Configuration.Inbox) -> [String] {
        guard let home = device(of: inbox.path) else { return [] }
        let work = inbox.work.flatMap(device) ?? home
        var remarks: [String] = []
        if let path = inbox.work, work != home {
            remarks.append(
                "\(path) is on another file system than \(inbox.path): drops are claimed by a copy, not by a rename, and "
                    + "a document that turns out unfinished while it is read cannot go back")
        }
        for path in [inbox.done, inbox.failed].compactMap({ $0 }) where device(of: path) ?? work != work {
            remarks.append("\(path) is on another file system than \(inbox.work ?? path): drops are filed by a copy")
        }
        return remarks
    }

    /// The file system that a folder lies on, or will when it is made.
    private static func device(of path: FilePath) -> UInt64? {
        for path in [path, path.removingLastComponent()] {
            do throws(SystemCallError) {
                return try Directory(opening: path).status().device
            } catch {
                continue
            }
        }
        return nil
    }
}

import FileSystem
import SluiceConfiguration
import SystemPackage

extension FolderCheck {
    /// What works, and costs something: folders that no rename leads to.
    package static func remarks(on inbox: Configuration.Inbox) -> [String] {
        guard let home = folder(at: inbox.path) else { return [] }
        let work = inbox.work.flatMap(folder) ?? home
        var remarks: [String] = []
        if let path = inbox.work, !leads(from: home, to: work) {
            remarks.append(
                "\(path) is on another file system or mount than \(inbox.path): drops are claimed by a copy, not by a "
                    + "rename, and a document that turns out unfinished while it is read cannot go back")
        }
        for path in [inbox.done, inbox.failed].compactMap({ $0 }) {
            guard let target = folder(at: path), !leads(from: work, to: target) else { continue }
            remarks.append(
                "\(path) is on another file system or mount than \(inbox.work ?? path): drops are filed by a copy")
        }
        return remarks
    }

    /// A folder, or where it will be made.
    private static func folder(at path: FilePath) -> Directory? {
        for path in [path, path.removingLastComponent()] {
            do throws(SystemCallError) {
                return try Directory(opening: path)
            } catch {
                continue
            }
        }
        return nil
    }

    /// Whether a rename does, as far as can be known.
    private static func leads(from folder: Directory, to target: Directory) -> Bool {
        do throws(SystemCallError) {
            return try folder.isSameMount(as: target)
        } catch {
            return true
        }
    }
}

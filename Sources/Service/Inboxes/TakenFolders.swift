import SluiceConfiguration
import SystemPackage

/// Names and folders that inboxes have, and which inbox: no other can be at work with one of them.
struct TakenFolders: Sendable {
    private struct Owner {
        let name: String
        let path: FilePath
    }

    private var names: [String: Owner] = [:]
    private var folders: [FilePath: Owner] = [:]
    private var places: [FolderPlace: Owner] = [:]

    mutating func add(_ terms: InboxTerms) {
        let owner = Owner(name: terms.name, path: terms.inbox.path)
        names[terms.name] = owner
        for folder in terms.folders { folders[folder] = owner }
        if let place = terms.place { places[place] = owner }
    }

    mutating func remove(_ terms: InboxTerms) {
        names[terms.name] = nil
        for folder in terms.folders { folders[folder] = nil }
        if let place = terms.place { places[place] = nil }
    }

    /// Why an inbox cannot be at work beside these; `nil`: it can.
    func conflict(with terms: InboxTerms) -> String? {
        for folder in terms.folders {
            guard let other = folders[folder] else { continue }
            return "\(folder) is already a folder of the inbox \(other.name) at \(other.path)"
        }
        if let other = names[terms.name] {
            return "\(terms.inbox.path) gives the name \(terms.name), which the inbox at \(other.path) has"
        }
        if let other = terms.place.flatMap({ places[$0] }) {
            return "\(terms.inbox.path) is the same folder as \(other.path), the inbox \(other.name)"
        }
        return nil
    }
}

import Model

/// The names that things have here until they are whole.
extension FilingFolder {
    /// What is being made; the ending of its name.
    enum Unfinished: String {
        case result = "tmp"
        case copy
    }

    /// `.01J….tmp`, `.01J….copy`.
    static func temporary(_ what: Unfinished, of drop: DropID) -> FileName {
        FileName(".\(drop.text).\(what.rawValue)")
    }

    /// The drop whose result or copy has such a name; `nil` for any other name.
    package static func dropOfTemporary(_ name: FileName) -> DropID? {
        let parts = name.description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty, Unfinished(rawValue: String(parts[2])) != nil else { return nil }
        return DropID(text: String(parts[1]))
    }
}

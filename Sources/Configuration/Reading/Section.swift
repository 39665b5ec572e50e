import Yams

/// A mapping of a known shape. Keys that do not belong are noted as soon as it is opened.
struct Section {
    let field: Field
    let shape: Shape
    private let fields: [String: Field]

    /// `nil`, with a note, where the value is not a mapping.
    init?(_ field: Field, _ shape: Shape) {
        guard let entries = field.entries(expected: "a mapping with \(shape.keys.alternatives)") else { return nil }
        self.field = field
        self.shape = shape
        var fields: [String: Field] = [:]
        for (key, entry) in entries {
            if shape.keys.contains(key) {
                fields[key] = entry
                entry.context.log.note(entry.place, of: entry.path)
            } else {
                Self.report(unknown: key, entry, in: shape)
            }
        }
        self.fields = fields
    }

    /// `nil`: the file does not say.
    subscript(key: String) -> Field? {
        precondition(shape.keys.contains(key), "\(key) is not in the table of keys")
        return fields[key]
    }

    /// As the subscript, but that it is missing is a problem.
    func required(_ key: String) -> Field? {
        let found = self[key]
        if found == nil { missing(key) }
        return found
    }

    func missing(_ key: String) {
        field.context.log.add("is missing", at: field.place, key: field.path(of: key))
    }

    /// Sets a value that the file gives; it keeps its default where the file does not, or not rightly.
    func read<Value>(_ key: String, into value: inout Value, _ read: (Field) -> Value?) {
        if let found = self[key].flatMap(read) { value = found }
    }

    private static func report(unknown key: String, _ entry: Field, in shape: Shape) {
        if shape == .secret {
            // What stands in a secret's place may be the secret, as a key too.
            entry.context.log.add(
                "has a key that is not \(shape.keys.alternatives)", at: entry.place, key: entry.parentPath)
        } else if key == "<<" {
            entry.problem("merge keys are not read; give the whole value an anchor and an alias")
        } else if let nearest = shape.nearest(to: key) {
            entry.problem("unknown key; did you mean \(nearest)?")
        } else {
            entry.problem("unknown key; known here: \(shape.keys.joined(separator: ", "))")
        }
    }
}

extension Field {
    /// The keys and values of a mapping in their order. A key that is there again is a problem; the last one counts.
    func entries(expected: String) -> [(key: String, field: Field)]? {
        guard case .mapping(let mapping) = node else {
            switch node {
            case .scalar(let scalar) where scalar.isNull: problem("has no value; \(expected) is expected")
            case .sequence: problem("is a list; \(expected) is expected")
            default: problem("is not a mapping; \(expected) is expected")
            }
            return nil
        }
        var entries: [(key: String, field: Field)] = []
        var firstPlaces: [String: Place] = [:]
        for (keyNode, value) in mapping {
            let keyPlace = keyNode.mark.map { Place($0) } ?? place
            guard let written = keyNode.scalar?.string else {
                context.log.add("has a key that is not a text", at: keyPlace, key: path)
                continue
            }
            let key = context.repeated[written] ?? written
            let field = Field(node: value, place: keyPlace, path: self.path(of: key), context: context)
            if let first = firstPlaces[key] {
                field.problem("is set twice; it is already in line \(first.line)")
            } else {
                firstPlaces[key] = keyPlace
            }
            if key != written { continue }
            entries.append((written, field))
        }
        return entries
    }

    func path(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// The path without its last key.
    var parentPath: String {
        path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
    }
}

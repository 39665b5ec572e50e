import FileSystem
import JSONText
import Model
import SluiceConfiguration
import SystemPackage

/// The fields whose values are shown to nobody: those that a schema marks `"x-sensitive": true`, by name.
///
/// By name and not by place, so that it also goes for a document that fits no schema or cannot be read to its end. That
/// hides more than has to be hidden, and never less: what cannot be put down to a name hides everything.
package struct SensitiveFields: Sendable, Hashable {
    package var names: Set<String>
    /// The value of every field.
    package var hidesAll: Bool

    package init(names: Set<String> = [], hidesAll: Bool = false) {
        self.names = names
        self.hidesAll = hidesAll
    }

    /// There is nothing to hide.
    package var isEmpty: Bool { names.isEmpty && !hidesAll }

    package func contains(_ name: String) -> Bool { hidesAll || names.contains(name) }

    /// Those of a schema; all, where it is no JSON.
    package init(schema: [UInt8]) {
        self.init()
        do throws(JSONSyntaxError) {
            var reader = SchemaReader(try JSONDocument(parsing: schema).root)
            reader.read(reader.root, under: nil)
            names = reader.names
            hidesAll = reader.isUnclear || reader.marks(in: reader.root).contains { !reader.reached.contains($0) }
        } catch {
            hidesAll = true
        }
    }

    package mutating func formUnion(_ other: SensitiveFields) {
        names.formUnion(other.names)
        hidesAll = hidesAll || other.hidesAll
    }

    /// The same, and the names that senders have for these fields.
    package func renamed(by mapping: [String: String]) -> SensitiveFields {
        var fields = self
        for (sender, field) in mapping where names.contains(field) { fields.names.insert(sender) }
        return fields
    }
}

extension Administration {
    /// The fields whose values an inbox's documents hide; all, for an inbox that is configured no more or whose schemas
    /// cannot be read.
    package func sensitiveFields(of inbox: String) -> SensitiveFields {
        guard let inbox = configuration.expandedInboxes().first(where: { $0.name == inbox }) else {
            return SensitiveFields(hidesAll: true)
        }
        var fields = SensitiveFields()
        for path in SchemaLibrary.files(for: inbox, configuration) where path.extension != "xsd" {
            do throws(CannotStart) {
                fields.formUnion(SensitiveFields(schema: try SchemaLibrary.read(path)))
            } catch {
                return SensitiveFields(hidesAll: true)
            }
        }
        return fields.renamed(by: inbox.mapping)
    }
}

/// Goes through a schema and puts each mark down to the property that it stands under.
private struct SchemaReader {
    private struct Visit: Hashable {
        let start: Int
        let name: String?
    }

    let root: JSONValue
    private(set) var names: Set<String> = []
    /// Marks that were put down to a name, by their place.
    private(set) var reached: Set<Int> = []
    /// Something that cannot be followed.
    private(set) var isUnclear = false
    private var visited: Set<Visit> = []

    init(_ root: JSONValue) {
        self.root = root
    }

    mutating func read(_ schema: JSONValue, under name: String?) {
        guard visited.insert(Visit(start: schema.byteRange.lowerBound, name: name)).inserted else { return }
        for element in schema.elements { read(element, under: name) }
        if schema["x-sensitive"]?.bool == true {
            reached.insert(schema.byteRange.lowerBound)
            if let name { names.insert(name) } else { isUnclear = true }
        }
        for member in schema.members {
            switch member.key.string {
            case "properties":
                for property in member.value.members { read(property.value, under: property.key.string) }
            case "$defs", "definitions": break
            case "$ref": follow(member.value.string, under: name)
            case "$dynamicRef", "$recursiveRef": isUnclear = isUnclear || !marks(in: root).isEmpty
            default: read(member.value, under: name)
            }
        }
    }

    private mutating func follow(_ reference: String?, under name: String?) {
        if reference == "#" { return read(root, under: name) }
        guard let reference, reference.hasPrefix("#/") else {
            isUnclear = true
            return
        }
        var place: JSONValue? = root
        for step in reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) {
            let key = step.replacing("~1", with: "/").replacing("~0", with: "~")
            guard let parent = place else { break }
            place = parent[String(key)] ?? Int(key).flatMap { parent[$0] }
        }
        guard let place else {
            isUnclear = true
            return
        }
        read(place, under: name)
    }

    /// Every mark of the schema, wherever it stands.
    func marks(in value: JSONValue) -> [Int] {
        var marks = value["x-sensitive"]?.bool == true ? [value.byteRange.lowerBound] : []
        for element in value.elements { marks += self.marks(in: element) }
        for member in value.members { marks += self.marks(in: member.value) }
        return marks
    }
}

import JSONText

/// Which keywords hold subschemas, and how.
enum SubschemaKeywords {
    private static let single: Set<String> = [
        "not", "if", "then", "else", "items", "additionalItems", "additionalProperties", "contains", "propertyNames",
        "unevaluatedItems", "unevaluatedProperties", "contentSchema",
    ]
    private static let lists: Set<String> = ["allOf", "anyOf", "oneOf", "prefixItems", "items"]
    private static let maps: Set<String> = [
        "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies",
    ]

    /// The subschemas right inside a schema.
    static func children(of place: SchemaPlace) -> [SchemaPlace] {
        var result: [SchemaPlace] = []
        for member in place.value.members {
            let keyword = member.key.string
            if single.contains(keyword), member.value.kind == .object || member.value.kind == .bool {
                result.append(place.child(member.value, keyword))
            } else if lists.contains(keyword), member.value.kind == .array {
                for (index, element) in member.value.elements.enumerated() {
                    result.append(place.child(element, keyword, String(index)))
                }
            } else if maps.contains(keyword), member.value.kind == .object {
                for entry in member.value.members where entry.value.kind == .object || entry.value.kind == .bool {
                    result.append(place.child(entry.value, keyword, entry.key.string))
                }
            }
        }
        return result
    }
}

extension SchemaPlace {
    /// A place below, as if in the same resource.
    func child(_ value: JSONValue, _ tokens: String...) -> SchemaPlace {
        SchemaPlace(
            value: value, document: document, resource: resource, pointer: JSONPointer(tokens: pointer.tokens + tokens))
    }
}

import JSONText

/// What a schema asks of the elements of one array, each for itself: a text that is too large to be held can be judged
/// some elements at a time.
///
/// ```swift
/// let accounts = schema.elements(of: "accounts")
/// accounts?.validate(JSONDocument(parsing: #"{"accounts": [ … some of them … ]}"#).root)
/// ```
public struct JSONElementSchema: Sendable {
    private let schema: JSONSchema
    private let property: String
    /// `none`: every element fits.
    private let element: Int32

    fileprivate init(_ schema: JSONSchema, _ property: String, _ element: Int32) {
        (self.schema, self.property, self.element) = (schema, property, element)
    }

    /// Says what is wrong with the elements that an object has in the array, and nothing of the object or the array.
    ///
    /// - Parameters:
    ///   - object: where the array is; pointers begin here.
    ///   - limit: how many violations are listed; all are counted.
    public func validate(_ object: JSONValue, limit: Int = 100) -> JSONSchemaReport {
        guard element >= 0, let array = object[property], array.kind == .array else {
            return JSONSchemaReport(errorCount: 0, errors: [])
        }
        let (elements, count) = (array.node, array.count)
        return schema.report(on: object, limit: limit) { (validator: inout Validator) in
            var isValid = true
            var child = validator.tree.firstChild(of: elements)
            for _ in 0..<count {
                if !validator.check(element, child, nil) {
                    isValid = false
                    if validator.isSilent { return false }
                }
                child = validator.tree.next(after: child)
            }
            return isValid
        }
    }
}

extension JSONSchema {
    /// The schema of the elements of the array `property` of an object.
    ///
    /// - Returns: `nil` where the schema asks something that the elements one by one do not answer: how many there are
    ///   (more than one), that they differ, what the first ones are, or anything of the whole object that depends on
    ///   the array.
    public func elements(of property: String) -> JSONElementSchema? {
        guard program.dynamicReferences.count == 0, let root = target(of: 0), program.nodes[root].logic < 0,
            !program.nodes[root].tracks, program.nodes[root].object >= 0
        else { return nil }
        let object = program.objects[program.nodes[root].object]
        guard object.patterns.isEmpty, object.dependentSchemas.isEmpty, object.unevaluated < 0 else { return nil }
        let name = Array(property.utf8)
        let slot = name.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { program.slot(object, $0, bytes.count) } ?? none
        }
        guard slot >= 0, program.slots[slot].schema >= 0, let schema = target(of: program.slots[slot].schema),
            program.nodes[schema].logic < 0, !program.nodes[schema].tracks, program.nodes[schema].array >= 0
        else { return nil }
        let array = program.arrays[program.nodes[schema].array]
        guard array.minItems <= 1, array.maxItems == .max, !array.isUnique, array.prefix.isEmpty, array.contains < 0,
            array.unevaluated < 0
        else { return nil }
        return JSONElementSchema(self, property, array.items)
    }

    /// The schema that one which only refers to another stands for.
    private func target(of schema: Int32) -> Int32? {
        var schema = schema
        for _ in 0..<16 {
            let node = program.nodes[schema]
            guard node.logic >= 0, program.logics[node.logic].isReference, node.types == .any, node.object < 0,
                node.array < 0, !node.tracks
            else { return schema }
            schema = program.logics[node.logic].reference
        }
        return nil
    }
}

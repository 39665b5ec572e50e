import JSONText

/// Turns findings into violations: pointers, places and sentences.
struct Wording {
    let program: SchemaProgram
    let tree: JSONTree
    /// The value that was validated.
    let root: Int
    let cursor: SchemaCursor

    func violation(_ finding: Finding) -> JSONSchemaViolation {
        let (pointer, place) = locate(finding.node)
        let keyword = keyword(finding)
        let location = program.locations[Int(finding.schema)] + location(finding, keyword)
        return JSONSchemaViolation(
            pointer: pointer.description, keyword: keyword, schemaLocation: location,
            message: message(finding, isSensitive: place.isSensitive),
            byteOffset: tree.byteRange(finding.mark).lowerBound, isSensitive: place.isSensitive)
    }

    /// The way from the root to a node, found by where subtrees end; and what the schema says at its end.
    private func locate(_ target: Int) -> (JSONPointer, SchemaCursor) {
        var pointer = JSONPointer()
        var place = cursor
        var node = root
        while node != target, tree.word(node).isContainer {
            let isObject = tree.word(node).tag == JSONWord.Tag.object
            var child = tree.firstChild(of: node)
            var index = 0
            while true {
                let next = tree.next(after: isObject ? child + 1 : child)
                if target < next { break }
                child = next
                index += 1
            }
            if isObject {
                let key = JSONEscaping.decode(tree.text, tree.word(child))
                let (parent, child) = (place, child)
                place = place.property(key)
                // Names that the schema does not know may be data themselves: in what is sensitive they are left out.
                if parent.isSensitive, !parent.state.knows(key) { break }
                pointer.append(key)
                if target == child { break }
                node = child + 1
            } else {
                pointer.append(index)
                place = place.item(at: index)
                node = child
            }
        }
        return (pointer, place)
    }

    private func keyword(_ finding: Finding) -> String {
        switch finding.keyword {
        case .items where program.locations[itemsNode(finding)].hasSuffix("/additionalItems"): "additionalItems"
        case .dependentRequired where program.objects[program.nodes[finding.schema].object].isDraft07: "dependencies"
        default: finding.keyword.rawValue
        }
    }

    private func itemsNode(_ finding: Finding) -> Int {
        Int(program.arrays[program.nodes[finding.schema].array].items)
    }

    private func location(_ finding: Finding, _ keyword: String) -> String {
        switch (finding.keyword, finding.second) {
        case (.false, _): return ""
        case (.type, 1): return "/anyOf"
        case (.type, 2): return "/oneOf"
        case (.dependentRequired, let name) where keyword == "dependentRequired" || keyword == "dependencies":
            return "/" + keyword + "/" + JSONPointer.escape(program.name(Int32(name)))
        default: return "/" + keyword
        }
    }

    // MARK: Sentences

    private func message(_ finding: Finding, isSensitive: Bool) -> String {
        let value = isSensitive ? "the value" : quoted(finding.node)
        let (argument, second) = (finding.argument, finding.second)
        switch finding.keyword {
        case .type: return typeMessage(finding, isSensitive)
        case .false: return "nothing is allowed here"
        case .enum: return notOneOf(finding, logic(finding).enumeration, isSensitive)
        case .const: return "\(value) is not \(list(program.valueSets[Int(logic(finding).constant)].values))"
        case .minimum: return "\(value) is less than \(bound(number(finding).minimum))"
        case .maximum: return "\(value) is more than \(bound(number(finding).maximum))"
        case .exclusiveMinimum: return "\(value) is not more than \(bound(number(finding).exclusiveMinimum))"
        case .exclusiveMaximum: return "\(value) is not less than \(bound(number(finding).exclusiveMaximum))"
        case .multipleOf: return "\(value) is not a multiple of \(bound(number(finding).multipleOf))"
        case .minLength:
            let least = counted(string(finding).minLength, "character")
            return isSensitive ? "the value is shorter than \(least)" : "\(value) is shorter than \(least)"
        case .maxLength: return "\(value) is longer than \(counted(string(finding).maxLength, "character"))"
        case .pattern:
            guard argument == 0 else {
                return "an expression of the schema takes too long on \(value), so that it could not be judged"
            }
            let source = program.patterns[Int(string(finding).pattern)].source
            return "\(value) does not match \(JSONEscaping.printable(source, limit: 100))"
        case .format: return "\(value) is not \(string(finding).format.description)"
        case .minItems: return "there must be at least \(counted(argument, "element")), not \(second)"
        case .maxItems: return "there must be at most \(counted(argument, "element")), not \(second)"
        case .uniqueItems: return "elements \(argument) and \(second) are equal, but all must differ"
        case .items, .additionalItems: return "there may be no element here"
        case .unevaluatedItems: return "there may be no such element here"
        case .contains: return "no element is as one of them has to be"
        case .minContains: return "\(second) of the elements are as at least \(argument) have to be"
        case .maxContains: return "\(second) of the elements are as at most \(argument) may be"
        case .minProperties: return "there must be at least \(counted(argument, "field")), not \(second)"
        case .maxProperties: return "there must be at most \(counted(argument, "field")), not \(second)"
        case .required: return "is missing: \(name(argument))"
        case .dependentRequired: return "is missing: \(name(argument)), which is needed beside \(name(second))"
        case .additionalProperties, .unevaluatedProperties: return unknownField(finding, isSensitive)
        case .propertyNames: return isSensitive ? "the field's name is not allowed" : "the name \(value) is not allowed"
        case .anyOf where second == 1, .oneOf where second == 1 && argument < 0:
            return alternatives(finding, isSensitive)
        case .anyOf: return "\(value) fits none of the alternatives"
        case .oneOf where argument < 0: return "\(value) fits none of the alternatives"
        case .oneOf: return "\(value) fits alternatives \(argument + 1) and \(second + 1), but must fit one only"
        case .not: return "\(value) is just what is not allowed here"
        case .reference: return "the schema refers to itself too often here, so that it could not be judged"
        }
    }

    private func typeMessage(_ finding: Finding, _ isSensitive: Bool) -> String {
        let expected = TypeMask(rawValue: UInt8(truncatingIfNeeded: finding.argument))
        let word = tree.word(finding.node)
        let actual = Self.typeName(TypeMask(tag: word.tag))
        let wanted = JSONType.allCases.filter { expected.types.contains($0) }.map { Self.typeName($0.mask) }
        let phrase = "must be " + Self.joined(wanted, "or")
        switch word.tag {
        case JSONWord.Tag.number: return phrase + (isSensitive ? "" : ", but is \(quoted(finding.node))")
        case JSONWord.Tag.string where !isSensitive: return phrase + ", but is the string \(quoted(finding.node))"
        case JSONWord.Tag.true, JSONWord.Tag.false:
            return phrase + (isSensitive ? "" : ", but is \(quoted(finding.node))")
        default: return phrase + ", but is \(actual)"
        }
    }

    private static func typeName(_ mask: TypeMask) -> String {
        switch mask {
        case .null: "null"
        case .boolean: "true or false"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        default: "an object"
        }
    }

    private func notOneOf(_ finding: Finding, _ set: Int32, _ isSensitive: Bool) -> String {
        sentence(finding, program.valueSets[Int(set)].values, isSensitive)
    }

    /// All branches are about constants: they are one list for the reader.
    private func alternatives(_ finding: Finding, _ isSensitive: Bool) -> String {
        let rule = logic(finding)
        let branches = (finding.keyword == .anyOf ? rule.anyOf : rule.oneOf).indices.map { program.links[$0] }
        var values: [JSONValue] = []
        for branch in branches where program.nodes[branch].logic >= 0 {
            let rule = program.logics[program.nodes[branch].logic]
            for set in [rule.enumeration, rule.constant] where set >= 0 { values += program.valueSets[Int(set)].values }
        }
        guard !values.isEmpty else {
            return "\(isSensitive ? "the value" : quoted(finding.node)) fits none of the alternatives"
        }
        return sentence(finding, values, isSensitive)
    }

    private func sentence(_ finding: Finding, _ values: [JSONValue], _ isSensitive: Bool) -> String {
        let value = isSensitive ? "the value" : quoted(finding.node)
        let start = values.count == 1 ? "\(value) is not " : "\(value) is not one of "
        guard !isSensitive, tree.word(finding.node).tag == JSONWord.Tag.string else { return start + list(values) }
        let given = JSONEscaping.decode(tree.text, tree.word(finding.node))
        let hint = Suggestion.closest(to: given, among: values.compactMap { $0.string })
        return start + list(values) + (hint.map { " — did you mean \(JSONEscaping.printable($0, limit: 60))?" } ?? "")
    }

    private func unknownField(_ finding: Finding, _ isSensitive: Bool) -> String {
        guard !isSensitive else { return "there is a field that is not allowed here" }
        let name = JSONEscaping.decode(tree.text, tree.word(finding.mark))
        let rule = program.objects[program.nodes[finding.schema].object]
        var known: [String] = []
        if rule.slotMask >= 0 {
            for slot in Int(rule.firstSlot)...Int(rule.firstSlot + rule.slotMask) where program.slots[slot].name >= 0 {
                known.append(program.name(program.slots[slot].name))
            }
        }
        let hint = Suggestion.closest(to: name, among: known.sorted())
        return "the field '\(JSONEscaping.printable(name, limit: 60))' is not allowed here"
            + (hint.map { " — did you mean \(JSONEscaping.printable($0, limit: 60))?" } ?? "")
    }
}

import JSONText

/// A schema object that is being compiled, with what its keywords mean.
struct SchemaReader {
    let place: SchemaPlace
    let rules: DialectRules
    let members: [String: JSONValue]

    init(_ place: SchemaPlace, _ rules: DialectRules) {
        self.place = place
        self.rules = rules
        members = Dictionary(
            place.value.members.map { ($0.key.string, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// A keyword's value, if the vocabulary it belongs to is switched on.
    func applicator(_ keyword: String) -> JSONValue? { rules.hasApplicators ? members[keyword] : nil }
    func unevaluated(_ keyword: String) -> JSONValue? {
        rules.hasUnevaluated && rules.draft != .draft07 ? members[keyword] : nil
    }
    func validation(_ keyword: String) -> JSONValue? { rules.hasValidation ? members[keyword] : nil }
}

extension Compiler {
    mutating func compile(_ place: SchemaPlace, into index: Int32) throws(JSONSchemaError) {
        var node = SchemaNode()
        node.resource = Int32(place.resource)
        switch place.value.kind {
        case .bool: node.isFalse = place.value.bool == false
        case .object:
            let reader = SchemaReader(place, registry.resources[place.resource].rules)
            node.isSensitive = reader.members["x-sensitive"]?.bool == true
            if reader.rules.draft == .draft07, reader.members["$ref"] != nil {
                // In draft-07 whatever stands beside a `$ref` is ignored.
                node.logic = try logic(SchemaReader(place, reader.rules).only("$ref"))
            } else {
                node.types = try types(reader)
                node.number = try number(reader)
                node.string = try string(reader)
                node.array = try array(reader)
                node.object = try object(reader)
                node.logic = try logic(reader)
                node.tracks =
                    node.array >= 0 && builder.arrays[Int(node.array)].unevaluated >= 0
                    || node.object >= 0 && builder.objects[Int(node.object)].unevaluated >= 0
            }
        default: throw error("a schema is an object, true or false", at: place)
        }
        builder.nodes[Int(index)] = node
    }

    // MARK: Reading values

    func fail(_ keyword: String, _ expected: String, _ reader: SchemaReader) -> JSONSchemaError {
        error("\(keyword) must be \(expected)", at: reader.place)
    }

    func count(_ keyword: String, _ reader: SchemaReader) throws(JSONSchemaError) -> Int? {
        guard let value = reader.validation(keyword) else { return nil }
        guard let number = value.number, number.isInteger, !number.isNegative else {
            throw fail(keyword, "an integer, 0 or more", reader)
        }
        return number.int ?? .max
    }

    mutating func bound(_ keyword: String, _ reader: SchemaReader) throws(JSONSchemaError) -> NumberBound {
        guard let value = reader.validation(keyword) else { return NumberBound() }
        guard let number = value.number else { throw fail(keyword, "a number", reader) }
        return builder.bound(number)
    }

    mutating func child(_ keyword: String, _ value: JSONValue?, _ reader: SchemaReader) -> Int32 {
        guard let value else { return none }
        return node(at: reader.place.child(value, keyword))
    }

    mutating func children(
        _ keyword: String, _ value: JSONValue?, _ reader: SchemaReader
    ) throws(JSONSchemaError) -> PoolRange {
        guard let value else { return PoolRange() }
        guard value.kind == .array else { throw fail(keyword, "an array of schemas", reader) }
        var nodes: [Int32] = []
        for (index, element) in value.elements.enumerated() {
            nodes.append(node(at: reader.place.child(element, keyword, String(index))))
        }
        return builder.range(nodes)
    }

    mutating func nameList(
        _ keyword: String, _ value: JSONValue, _ reader: SchemaReader
    ) throws(JSONSchemaError) -> [Int32] {
        var names: [Int32] = []
        for element in value.elements {
            guard let name = element.string else { throw fail(keyword, "an array of strings", reader) }
            let index = builder.name(name)
            if !names.contains(index) { names.append(index) }
        }
        return names
    }

    private func types(_ reader: SchemaReader) throws(JSONSchemaError) -> TypeMask {
        guard let value = reader.validation("type") else { return .any }
        let names = value.kind == .array ? value.elements.map { $0.string } : [value.string]
        var mask: TypeMask = []
        for name in names {
            guard let type = name.flatMap(JSONType.init(rawValue:)) else {
                throw fail("type", "a name of a type or an array of them", reader)
            }
            mask.formUnion(type.mask)
        }
        return mask
    }

    // MARK: Rules

    private mutating func number(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        guard reader.has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") else {
            return none
        }
        var rule = NumberRule()
        rule.minimum = try bound("minimum", reader)
        rule.maximum = try bound("maximum", reader)
        rule.exclusiveMinimum = try bound("exclusiveMinimum", reader)
        rule.exclusiveMaximum = try bound("exclusiveMaximum", reader)
        rule.multipleOf = try bound("multipleOf", reader)
        let (minimum, exclusive) = (rule.minimum.decimal, rule.exclusiveMinimum.decimal)
        rule.acceptsNonNegative =
            (minimum < 0 || builder.decimals[Int(minimum)] <= JSONDecimal(0))
            && (exclusive < 0 || builder.decimals[Int(exclusive)] < JSONDecimal(0))
            && !reader.has("maximum", "exclusiveMaximum", "multipleOf")
        builder.numbers.append(rule)
        return Int32(builder.numbers.count - 1)
    }

    private mutating func string(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        guard reader.has("minLength", "maxLength", "pattern", "format") else { return none }
        var rule = StringRule()
        rule.minLength = try count("minLength", reader) ?? 0
        rule.maxLength = try count("maxLength", reader) ?? .max
        if let pattern = reader.validation("pattern") {
            rule.pattern = try self.pattern(pattern.string, "pattern", reader)
        }
        if assertsFormat || reader.rules.requiresFormat, let format = reader.members["format"]?.string {
            rule.format = StringFormat(name: format)
        }
        builder.strings.append(rule)
        return Int32(builder.strings.count - 1)
    }

    mutating func pattern(
        _ source: String?, _ keyword: String, _ reader: SchemaReader
    ) throws(JSONSchemaError) -> Int32 {
        guard let source else { throw fail(keyword, "a string", reader) }
        do throws(ECMAPattern.Refusal) {
            return try builder.pattern(source)
        } catch {
            let quoted = JSONEscaping.printable(source, limit: 120)
            throw self.error(
                "the expression \"\(quoted)\" of \(keyword) cannot be used: \(error.reason)", at: reader.place)
        }
    }

    private mutating func logic(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        guard
            reader.has("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "enum", "const")
        else { return none }
        var rule = LogicRule()
        if let value = reader.members["$ref"] {
            guard let reference = value.string else { throw fail("$ref", "a string", reader) }
            rule.reference = try node(referredToBy: reference, from: reader.place)
        }
        rule.dynamicReference = try dynamicReference(reader)
        rule.allOf = try children("allOf", reader.applicator("allOf"), reader)
        rule.anyOf = try children("anyOf", reader.applicator("anyOf"), reader)
        rule.oneOf = try children("oneOf", reader.applicator("oneOf"), reader)
        rule.not = child("not", reader.applicator("not"), reader)
        rule.condition = child("if", reader.applicator("if"), reader)
        if rule.condition >= 0 {
            rule.then = child("then", reader.applicator("then"), reader)
            rule.otherwise = child("else", reader.applicator("else"), reader)
        }
        if let values = reader.validation("enum") {
            guard values.kind == .array else { throw fail("enum", "an array", reader) }
            rule.enumeration = builder.valueSet(Array(values.elements))
        }
        if let value = reader.validation("const") { rule.constant = builder.valueSet([value]) }
        builder.logics.append(rule)
        return Int32(builder.logics.count - 1)
    }

    private mutating func dynamicReference(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        let keyword: String
        switch reader.rules.draft {
        case .draft2020_12: keyword = "$dynamicRef"
        case .draft2019_09: keyword = "$recursiveRef"
        case .draft07: return none
        }
        guard let value = reader.members[keyword] else { return none }
        guard let reference = value.string else { throw fail(keyword, "a string", reader) }
        let target = registry.settle(try registry.target(of: reference, from: reader.place))
        // It is dynamic where it first leads to a dynamic anchor that it names.
        let name = keyword == "$recursiveRef" ? "" : URIReference(reference).decodedFragment
        let isDynamic = registry.resources[target.resource].dynamicAnchors[name]?.key == target.key
        let anchor = isDynamic ? dynamicAnchor(name) : none
        builder.dynamicReferences.append(DynamicReference(initial: node(at: target), anchor: anchor))
        return Int32(builder.dynamicReferences.count - 1)
    }
}

extension SchemaReader {
    func has(_ keywords: String...) -> Bool { keywords.contains { members[$0] != nil } }

    /// The schema as if it had this keyword alone.
    func only(_ keyword: String) -> SchemaReader { SchemaReader(place, rules, members.filter { $0.key == keyword }) }

    private init(_ place: SchemaPlace, _ rules: DialectRules, _ members: [String: JSONValue]) {
        self.place = place
        self.rules = rules
        self.members = members
    }
}

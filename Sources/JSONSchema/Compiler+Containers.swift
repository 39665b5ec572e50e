import JSONText

extension Compiler {
    mutating func array(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        guard
            reader.has(
                "minItems", "maxItems", "uniqueItems", "items", "prefixItems", "additionalItems", "contains",
                "unevaluatedItems")
        else { return none }
        var rule = ArrayRule()
        rule.minItems = try count("minItems", reader) ?? 0
        rule.maxItems = try count("maxItems", reader) ?? .max
        rule.isUnique = reader.validation("uniqueItems")?.bool == true
        let items = reader.applicator("items")
        if reader.rules.draft == .draft2020_12 {
            rule.prefix = try children("prefixItems", reader.applicator("prefixItems"), reader)
            rule.items = child("items", items, reader)
        } else if items?.kind == .array {
            rule.prefix = try children("items", items, reader)
            rule.items = child("additionalItems", reader.applicator("additionalItems"), reader)
        } else {
            rule.items = child("items", items, reader)
        }
        rule.contains = child("contains", reader.applicator("contains"), reader)
        if reader.rules.draft != .draft07 {
            rule.minContains = try count("minContains", reader) ?? 1
            rule.maxContains = try count("maxContains", reader) ?? .max
        }
        rule.containsEvaluates = reader.rules.draft == .draft2020_12
        rule.unevaluated = child("unevaluatedItems", reader.unevaluated("unevaluatedItems"), reader)
        builder.arrays.append(rule)
        return Int32(builder.arrays.count - 1)
    }

    mutating func object(_ reader: SchemaReader) throws(JSONSchemaError) -> Int32 {
        guard
            reader.has(
                "minProperties", "maxProperties", "required", "properties", "patternProperties",
                "additionalProperties", "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
                "unevaluatedProperties")
        else { return none }
        var rule = ObjectRule()
        rule.isDraft07 = reader.rules.draft == .draft07
        rule.minProperties = try count("minProperties", reader) ?? 0
        rule.maxProperties = try count("maxProperties", reader) ?? .max
        try properties(reader, &rule)
        var patterns: [Int32] = []
        if let value = reader.applicator("patternProperties") {
            for member in value.members {
                patterns.append(try pattern(member.key.string, "patternProperties", reader))
                patterns.append(node(at: reader.place.child(member.value, "patternProperties", member.key.string)))
            }
        }
        rule.patterns = builder.range(patterns)
        rule.additional = child("additionalProperties", reader.applicator("additionalProperties"), reader)
        rule.names = child("propertyNames", reader.applicator("propertyNames"), reader)
        try dependencies(reader, &rule)
        rule.unevaluated = child("unevaluatedProperties", reader.unevaluated("unevaluatedProperties"), reader)
        builder.objects.append(rule)
        return Int32(builder.objects.count - 1)
    }

    /// One table for the names of `properties` and `required`.
    private mutating func properties(_ reader: SchemaReader, _ rule: inout ObjectRule) throws(JSONSchemaError) {
        var entries: [PropertySlot] = []
        var places: [Int32: Int] = [:]
        if let value = reader.applicator("properties") {
            for member in value.members {
                let name = builder.name(member.key.string)
                places[name] = entries.count
                let schema = node(at: reader.place.child(member.value, "properties", member.key.string))
                entries.append(PropertySlot(name: name, schema: schema))
            }
        }
        if let value = reader.validation("required") {
            var more: [Int32] = []
            for (bit, name) in try nameList("required", value, reader).enumerated() {
                guard bit < 64 else {
                    more.append(name)
                    continue
                }
                rule.required |= 1 << UInt64(bit)
                if let place = places[name] {
                    entries[place].bit = UInt32(bit)
                } else {
                    entries.append(PropertySlot(name: name, bit: UInt32(bit)))
                }
            }
            rule.moreRequired = builder.range(more)
        }
        (rule.firstSlot, rule.slotMask) = builder.table(entries)
    }

    private mutating func dependencies(_ reader: SchemaReader, _ rule: inout ObjectRule) throws(JSONSchemaError) {
        var required: [Int32] = []
        var schemas: [Int32] = []
        let sources = [
            ("dependentRequired", reader.rules.draft == .draft07 ? nil : reader.validation("dependentRequired")),
            ("dependentSchemas", reader.rules.draft == .draft07 ? nil : reader.applicator("dependentSchemas")),
            // Of draft-07; the later drafts keep it for compatibility.
            ("dependencies", reader.applicator("dependencies")),
        ]
        for (keyword, value) in sources {
            guard let value else { continue }
            for member in value.members {
                let name = builder.name(member.key.string)
                if member.value.kind == .array {
                    let names = builder.range(try nameList(keyword, member.value, reader))
                    required += [name, names.start, names.count]
                } else {
                    schemas += [name, node(at: reader.place.child(member.value, keyword, member.key.string))]
                }
            }
        }
        rule.dependentRequired = builder.range(required)
        rule.dependentSchemas = builder.range(schemas)
    }
}

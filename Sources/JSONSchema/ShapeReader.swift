/// Reads what schemas say of a place and of those below it. References that are dynamic may go around in circles, so
/// every walk has a depth, beyond which nothing is known.
struct ShapeReader {
    let program: SchemaProgram

    private static var depthLimit: Int { 64 }

    /// The longest list of schemas for the first elements of an array.
    var longestPrefix: Int {
        (0..<program.arrays.count).reduce(0) { max($0, Int(program.arrays[$1].prefix.count)) }
    }

    private func schemas(_ range: PoolRange) -> [Int32] { range.indices.map { program.links[$0] } }

    /// Where a dynamic reference may lead.
    private func targets(_ index: Int32) -> [Int32] {
        let reference = program.dynamicReferences[index]
        guard reference.anchor >= 0 else { return [reference.initial] }
        let first = Int(reference.anchor) * program.resourceCount
        return (first..<(first + program.resourceCount)).map { program.dynamicAnchors[$0] }.filter { $0 >= 0 }
    }

    /// A node's in-place applicators, each mapped by `read`.
    private func inPlace(_ node: Int32, _ read: (Int32) -> SchemaShape) -> [SchemaShape] {
        var result: [SchemaShape] = []
        if program.nodes[node].logic >= 0 {
            let rule = program.logics[program.nodes[node].logic]
            if rule.reference >= 0 { result.append(read(rule.reference)) }
            if rule.dynamicReference >= 0 { result.append(.any(targets(rule.dynamicReference).map(read))) }
            result += schemas(rule.allOf).map(read)
            if !rule.anyOf.isEmpty { result.append(.any(schemas(rule.anyOf).map(read))) }
            if !rule.oneOf.isEmpty { result.append(.any(schemas(rule.oneOf).map(read))) }
            if rule.condition >= 0 {
                result.append(.maybe([read(rule.condition)]))
                result.append(.any([rule.then, rule.otherwise].map { $0 >= 0 ? read($0) : .anything }))
            }
            if rule.not >= 0 { result.append(.maybe([read(rule.not)])) }
        }
        if program.nodes[node].object >= 0 {
            let range = program.objects[program.nodes[node].object].dependentSchemas
            let schemas = stride(from: Int(range.start) + 1, to: Int(range.start + range.count), by: 2)
            result += schemas.map { .maybe([read(program.links[$0])]) }
        }
        return result
    }

    // MARK: At the place

    func mask(_ shape: SchemaShape, _ depth: Int) -> TypeMask {
        guard depth < Self.depthLimit else { return .any }
        switch shape {
        case .maybe: return .any
        case .all(let shapes): return shapes.reduce(.any) { $0.intersection(mask($1, depth + 1)) }
        case .any(let shapes): return shapes.reduce([]) { $0.union(mask($1, depth + 1)) }
        case .schema(let node):
            guard !program.nodes[node].isFalse else { return [] }
            var result = program.nodes[node].types
            if program.nodes[node].logic >= 0 {
                let rule = program.logics[program.nodes[node].logic]
                for set in [rule.enumeration, rule.constant] where set >= 0 {
                    result.formIntersection(program.valueSets[Int(set)].types)
                }
            }
            return inPlace(node) { .schema($0) }.reduce(result) { $0.intersection(mask($1, depth + 1)) }
        }
    }

    func isSensitive(_ shape: SchemaShape, _ depth: Int) -> Bool {
        guard depth < Self.depthLimit else { return false }
        switch shape {
        case .all(let shapes), .any(let shapes), .maybe(let shapes):
            return shapes.contains { isSensitive($0, depth + 1) }
        case .schema(let node):
            return program.nodes[node].isSensitive
                || inPlace(node) { .schema($0) }.contains { isSensitive($0, depth + 1) }
        }
    }

    // MARK: Below

    /// Steps down through alternatives: one that does not allow the value to be a `container` is no alternative.
    private func step(
        _ shape: SchemaShape, _ container: TypeMask, _ depth: Int, _ read: (Int32) -> SchemaShape
    ) -> SchemaShape {
        switch shape {
        case .all(let shapes): return .all(shapes.map { step($0, container, depth + 1, read) })
        case .maybe(let shapes): return .maybe(shapes.map { step($0, container, depth + 1, read) })
        case .any(let shapes):
            let possible = shapes.filter { mask($0, depth + 1).contains(container) }
            return .any((possible.isEmpty ? shapes : possible).map { step($0, container, depth + 1, read) })
        case .schema(let node): return read(node)
        }
    }

    func property(_ shape: SchemaShape, _ name: [UInt8], _ depth: Int, _ isNamed: inout Bool) -> SchemaShape {
        var found = false
        let result = step(shape, .object, depth) { node in
            guard depth < Self.depthLimit else { return .anything }
            var shapes = ownProperty(node, name, &found)
            for link in inPlace(node, { .schema($0) }) { shapes.append(property(link, name, depth + 1, &found)) }
            return .all(shapes)
        }
        isNamed = isNamed || found
        return result
    }

    private func ownProperty(_ node: Int32, _ name: [UInt8], _ isNamed: inout Bool) -> [SchemaShape] {
        guard program.nodes[node].object >= 0 else { return [] }
        let rule = program.objects[program.nodes[node].object]
        var shapes: [SchemaShape] = []
        (name + [0]).withUnsafeBufferPointer { bytes in
            let text = UnsafeBufferPointer(rebasing: bytes.dropLast())
            if let base = bytes.baseAddress, let slot = program.slot(rule, base, text.count) {
                isNamed = true
                if slot.schema >= 0 { shapes.append(.schema(slot.schema)) }
            }
            var matcher = PatternMatcher()
            for index in stride(from: Int(rule.patterns.start), to: Int(rule.patterns.start + rule.patterns.count), by: 2)
            where matcher.match(program.patterns[Int(program.links[index])], text) != .differs {
                shapes.append(.schema(program.links[index + 1]))
            }
        }
        guard shapes.isEmpty else { return shapes }
        if rule.additional >= 0 { return [.schema(rule.additional)] }
        return rule.unevaluated >= 0 ? [.maybe([.schema(rule.unevaluated)])] : []
    }

    func item(_ shape: SchemaShape, _ index: Int?, _ depth: Int) -> SchemaShape {
        step(shape, .array, depth) { node in
            guard depth < Self.depthLimit else { return .anything }
            var shapes = inPlace(node) { .schema($0) }.map { item($0, index, depth + 1) }
            guard program.nodes[node].array >= 0 else { return .all(shapes) }
            let rule = program.arrays[program.nodes[node].array]
            let rest: SchemaShape = rule.items >= 0 ? .schema(rule.items) : .anything
            let prefix = schemas(rule.prefix)
            if let index {
                shapes.append(index < prefix.count ? .schema(prefix[index]) : rest)
            } else {
                shapes.append(prefix.isEmpty ? rest : .any(prefix.map { .schema($0) } + [rest]))
            }
            for schema in [rule.contains, rule.unevaluated] where schema >= 0 { shapes.append(.maybe([.schema(schema)])) }
            return .all(shapes)
        }
    }
}

/// Reads what schemas say of a place and of those below it, for one question.
///
/// Dynamic references may lead around in circles, and schemas may be shared: each is looked into once. Where a circle
/// closes nothing is added, since what lies on it is being read already.
final class ShapeReader {
    private let program: SchemaProgram
    private var masks: [Int32: TypeMask] = [:]
    private var shapes: [Int32: SchemaShape] = [:]

    init(program: SchemaProgram) { self.program = program }

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
            if rule.dynamicReference >= 0 { result.append(.any(of: targets(rule.dynamicReference).map(read))) }
            result += schemas(rule.allOf).map(read)
            if !rule.anyOf.isEmpty { result.append(.any(of: schemas(rule.anyOf).map(read))) }
            if !rule.oneOf.isEmpty { result.append(.any(of: schemas(rule.oneOf).map(read))) }
            if rule.condition >= 0 {
                result.append(.maybe(of: [read(rule.condition)]))
                result.append(.any(of: [rule.then, rule.otherwise].map { $0 >= 0 ? read($0) : .anything }))
            }
            if rule.not >= 0 { result.append(.maybe(of: [read(rule.not)])) }
        }
        if program.nodes[node].object >= 0 {
            let range = program.objects[program.nodes[node].object].dependentSchemas
            let schemas = stride(from: Int(range.start) + 1, to: Int(range.start + range.count), by: 2)
            result += schemas.map { .maybe(of: [read(program.links[$0])]) }
        }
        return result
    }

    // MARK: At the place

    func mask(_ shape: SchemaShape) -> TypeMask {
        switch shape {
        case .maybe: return .any
        case .all(let shapes): return shapes.reduce(.any) { $0.intersection(mask($1)) }
        case .any(let shapes): return shapes.reduce([]) { $0.union(mask($1)) }
        case .schema(let node):
            if let known = masks[node] { return known }
            masks[node] = .any
            let mask = mask(ofNode: node)
            masks[node] = mask
            return mask
        }
    }

    private func mask(ofNode node: Int32) -> TypeMask {
        guard !program.nodes[node].isFalse else { return [] }
        var result = program.nodes[node].types
        if program.nodes[node].logic >= 0 {
            let rule = program.logics[program.nodes[node].logic]
            for set in [rule.enumeration, rule.constant] where set >= 0 {
                result.formIntersection(program.valueSets[Int(set)].types)
            }
        }
        return inPlace(node) { .schema($0) }.reduce(result) { $0.intersection(mask($1)) }
    }

    func isSensitive(_ shape: SchemaShape) -> Bool {
        var visited: Set<Int32> = []
        var pending = [shape]
        while let shape = pending.popLast() {
            switch shape {
            case .all(let shapes), .any(let shapes), .maybe(let shapes): pending += shapes
            case .schema(let node):
                guard visited.insert(node).inserted else { continue }
                if program.nodes[node].isSensitive { return true }
                pending += inPlace(node) { .schema($0) }
            }
        }
        return false
    }

    // MARK: Below

    /// Steps down through alternatives: one that does not allow the value to be a `container` is no alternative.
    private func step(_ shape: SchemaShape, _ container: TypeMask, _ read: (Int32) -> SchemaShape) -> SchemaShape {
        switch shape {
        case .all(let shapes): return .all(of: shapes.map { step($0, container, read) })
        case .maybe(let shapes): return .maybe(of: shapes.map { step($0, container, read) })
        case .any(let shapes):
            let possible = shapes.filter { mask($0).contains(container) }
            return .any(of: (possible.isEmpty ? shapes : possible).map { step($0, container, read) })
        case .schema(let node):
            if let known = self.shapes[node] { return known }
            self.shapes[node] = .anything
            let shape = read(node)
            self.shapes[node] = shape
            return shape
        }
    }

    /// What is said of a member, and whether a schema names it.
    func property(_ shape: SchemaShape, _ name: [UInt8]) -> (shape: SchemaShape, isNamed: Bool) {
        var isNamed = false
        func read(_ node: Int32) -> SchemaShape {
            let own = ownProperty(node, name, &isNamed)
            return .all(of: own + inPlace(node) { .schema($0) }.map { step($0, .object, read) })
        }
        return (step(shape, .object, read), isNamed)
    }

    private func ownProperty(_ node: Int32, _ name: [UInt8], _ isNamed: inout Bool) -> [SchemaShape] {
        guard program.nodes[node].object >= 0 else { return [] }
        let rule = program.objects[program.nodes[node].object]
        var shapes: [SchemaShape] = []
        (name + [0]).withUnsafeBufferPointer { bytes in
            let text = UnsafeBufferPointer(rebasing: bytes.dropLast())
            let found = program.slot(rule, bytes.baseAddress.unsafelyUnwrapped, text.count)
            if found >= 0 {
                isNamed = true
                let schema = program.slots[found].schema
                if schema >= 0 { shapes.append(.schema(schema)) }
            }
            guard !rule.patterns.isEmpty else { return }
            var matcher = PatternMatcher()
            for index in stride(
                from: Int(rule.patterns.start), to: Int(rule.patterns.start + rule.patterns.count), by: 2)
            where matcher.match(program.patterns[Int(program.links[index])], text) != .differs {
                shapes.append(.schema(program.links[index + 1]))
            }
        }
        guard shapes.isEmpty else { return shapes }
        if rule.additional >= 0 { return [.schema(rule.additional)] }
        return rule.unevaluated >= 0 ? [.maybe(of: [.schema(rule.unevaluated)])] : []
    }

    /// What is said of an element; of any, for no index.
    func item(_ shape: SchemaShape, _ index: Int?) -> SchemaShape {
        func read(_ node: Int32) -> SchemaShape {
            .all(of: ownItem(node, index) + inPlace(node) { .schema($0) }.map { step($0, .array, read) })
        }
        return step(shape, .array, read)
    }

    private func ownItem(_ node: Int32, _ index: Int?) -> [SchemaShape] {
        guard program.nodes[node].array >= 0 else { return [] }
        let rule = program.arrays[program.nodes[node].array]
        let rest: SchemaShape = rule.items >= 0 ? .schema(rule.items) : .anything
        let prefix = schemas(rule.prefix)
        let other = [rule.contains, rule.unevaluated].filter { $0 >= 0 }.map { SchemaShape.maybe(of: [.schema($0)]) }
        if let index { return [index < prefix.count ? .schema(prefix[index]) : rest] + other }
        return [prefix.isEmpty ? rest : .any(of: prefix.map { .schema($0) } + [rest])] + other
    }
}

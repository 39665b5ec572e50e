import JSONText

/// Turns schemas into a program: each place that is reached becomes a node, from a list of places still to do.
struct Compiler {
    var registry: Registry
    var builder = ProgramBuilder()
    let assertsFormat: Bool
    private let provided: [String: JSONDocument]
    private var nodes: [SchemaPlace.Key: Int32] = [:]
    private var places: [SchemaPlace] = []
    private var pending: [Int32] = []
    private var entered: Set<Int> = []
    private var anchorNames: [String] = []
    private var anchorNodes: [(name: Int, resource: Int, node: Int32)] = []

    init(resources: [String: JSONDocument], defaultDialect: JSONSchema.Dialect, assertsFormat: Bool) {
        registry = Registry(resources: resources, defaultDialect: defaultDialect)
        provided = resources
        self.assertsFormat = assertsFormat
    }

    /// - Parameter checked: first validate every document against its metaschema.
    mutating func compile(
        _ document: JSONDocument, uri: String, checked: Bool
    ) throws(JSONSchemaError) -> SchemaProgram {
        let resource = try registry.load(document, uri: uri)
        let root = registry.resources[resource].root
        var checkedDocuments: Set<Int> = []
        _ = node(at: root)
        while let index = pending.popLast() {
            let place = places[Int(index)]
            if checked, checkedDocuments.insert(place.document).inserted { try check(place.document) }
            try enter(place.resource)
            try compile(place, into: index)
        }
        try refuseLoops()
        builder.settleAcceptedTypes()
        return SchemaProgram(
            builder, resourceCount: registry.resources.count, dynamicAnchors: dynamicAnchorTable(),
            locations: places.map {
                registry.documentURIs[$0.document] == uri
                    ? "#\($0.pointer)" : registry.documentURIs[$0.document] + "#\($0.pointer)"
            })
    }

    func error(_ message: String, at place: SchemaPlace) -> JSONSchemaError { registry.error(message, at: place) }

    /// The node of a place, which is compiled later if it is new.
    mutating func node(at place: SchemaPlace) -> Int32 {
        let place = registry.settle(place)
        if let known = nodes[place.key] { return known }
        let index = Int32(builder.nodes.count)
        builder.nodes.append(SchemaNode())
        places.append(place)
        nodes[place.key] = index
        pending.append(index)
        return index
    }

    mutating func node(referredToBy reference: String, from place: SchemaPlace) throws(JSONSchemaError) -> Int32 {
        node(at: try registry.target(of: reference, from: place))
    }

    /// Validates a document that is used against its metaschema.
    private func check(_ document: Int) throws(JSONSchemaError) {
        let root = registry.documents[document].root
        guard
            let resource = registry.resources.first(where: { $0.root.document == document && $0.root.value.node == 0 })
        else { return }
        let custom = root["$schema"]?.string.map { URIReference($0).withoutFragment }
        let metaschema: JSONSchema
        if let custom, let own = provided[custom], custom != registry.documentURIs[document] {
            var compiler = Compiler(resources: provided, defaultDialect: resource.rules.draft, assertsFormat: false)
            metaschema = JSONSchema(program: try compiler.compile(own, uri: custom, checked: false))
        } else {
            metaschema = Metaschemas.schema(resource.rules.draft)
        }
        let report = metaschema.validate(root, limit: 20)
        guard let violation = report.errors.first else { return }
        throw JSONSchemaError(
            message: "this is no valid schema: \(violation.message)", pointer: violation.pointer,
            document: registry.documentURIs[document],
            position: registry.documents[document].position(ofByte: violation.byteOffset))
    }

    // MARK: Dynamic anchors

    func anchorName(_ name: String) -> Int32? { anchorNames.firstIndex(of: name).map { Int32($0) } }

    mutating func dynamicAnchor(_ name: String) -> Int32 {
        if let known = anchorName(name) { return known }
        anchorNames.append(name)
        return Int32(anchorNames.count - 1)
    }

    /// A resource that is reached may be in the dynamic scope: what its dynamic anchors name is compiled too.
    private mutating func enter(_ resource: Int) throws(JSONSchemaError) {
        guard entered.insert(resource).inserted else { return }
        for (name, place) in registry.resources[resource].dynamicAnchors.sorted(by: { $0.key < $1.key }) {
            let anchor = Int(dynamicAnchor(name))
            anchorNodes.append((anchor, resource, node(at: place)))
        }
    }

    private func dynamicAnchorTable() -> [Int32] {
        let count = registry.resources.count
        var table = [Int32](repeating: none, count: anchorNames.count * count)
        for entry in anchorNodes { table[entry.name * count + entry.resource] = entry.node }
        return table
    }

    // MARK: Loops

    /// Refuses schemas that apply themselves to the same value again, as `{"$ref": "#"}` does.
    private func refuseLoops() throws(JSONSchemaError) {
        var state = [UInt8](repeating: 0, count: builder.nodes.count)  // 1: on the way, 2: done
        for start in builder.nodes.indices where state[start] == 0 {
            var stack: [(node: Int, next: [Int32])] = [(start, inPlace(start))]
            state[start] = 1
            while var top = stack.popLast() {
                guard let next = top.next.popLast() else {
                    state[top.node] = 2
                    continue
                }
                stack.append(top)
                switch state[Int(next)] {
                case 0:
                    state[Int(next)] = 1
                    stack.append((Int(next), inPlace(Int(next))))
                case 1: throw error("this schema refers to itself without end", at: places[Int(next)])
                default: break
                }
            }
        }
    }

    /// The schemas that a node applies to the same value.
    private func inPlace(_ node: Int) -> [Int32] {
        var result: [Int32] = []
        if builder.nodes[node].logic >= 0 {
            let rule = builder.logics[Int(builder.nodes[node].logic)]
            result = [rule.reference, rule.not, rule.condition, rule.then, rule.otherwise]
            for range in [rule.allOf, rule.anyOf, rule.oneOf] { result += range.indices.map { builder.links[$0] } }
        }
        if builder.nodes[node].object >= 0 {
            let range = builder.objects[Int(builder.nodes[node].object)].dependentSchemas
            result += stride(from: Int(range.start) + 1, to: Int(range.start + range.count), by: 2).map {
                builder.links[$0]
            }
        }
        return result.filter { $0 >= 0 }
    }
}

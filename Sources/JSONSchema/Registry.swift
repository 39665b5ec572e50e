import JSONText

/// A place in the schemas: the value, the resource it belongs to, and where it stands in its document.
struct SchemaPlace {
    var value: JSONValue
    var document: Int
    var resource: Int
    var pointer: JSONPointer

    var key: Key { Key(document: document, node: value.node) }

    /// What a place is recognised by.
    struct Key: Hashable {
        var document: Int
        var node: Int
    }
}

/// A schema with an `$id` of its own, or the root of a document.
struct SchemaResource {
    /// Absolute if the document's was; without fragment.
    var uri: String
    var root: SchemaPlace
    var rules: DialectRules
    var anchors: [String: SchemaPlace] = [:]
    /// `$dynamicAnchor`s by name; `$recursiveAnchor: true` has the name "".
    var dynamicAnchors: [String: SchemaPlace] = [:]
}

/// All the schemas that may be referred to, and which of them have been read. Nothing is fetched.
struct Registry {
    private let provided: [String: JSONDocument]
    private let defaultDialect: JSONSchema.Dialect
    private(set) var documents: [JSONDocument] = []
    /// Each document's URI as it was registered.
    private(set) var documentURIs: [String] = []
    private(set) var resources: [SchemaResource] = []
    private var byURI: [String: Int] = [:]
    /// The places where a resource begins inside a document.
    private var embedded: [SchemaPlace.Key: Int] = [:]

    init(resources provided: [String: JSONDocument], defaultDialect: JSONSchema.Dialect) {
        self.provided = Dictionary(
            provided.map { (URIReference($0.key).withoutFragment, $0.value) }, uniquingKeysWith: { first, _ in first })
        self.defaultDialect = defaultDialect
    }

    func error(_ message: String, at place: SchemaPlace) -> JSONSchemaError {
        JSONSchemaError(
            message: message, pointer: place.pointer.description, document: documentURIs[place.document],
            position: documents[place.document].position(ofByte: place.value.byteRange.lowerBound))
    }

    // MARK: Reading

    /// Registers a document with all resources and anchors inside it.
    @discardableResult
    mutating func load(_ document: JSONDocument, uri: String) throws(JSONSchemaError) -> Int {
        let index = documents.count
        documents.append(document)
        documentURIs.append(uri)
        let root = SchemaPlace(value: document.root, document: index, resource: resources.count, pointer: JSONPointer())
        let number = resources.count
        let rules = try rules(of: root, inherited: DialectRules(defaultDialect))
        resources.append(SchemaResource(uri: uri, root: root, rules: rules))
        byURI[uri] = number
        if let id = identifier(of: root, rules) {
            let resolved = URIReference.resolve(id, against: uri).withoutFragment
            resources[number].uri = resolved
            byURI[resolved] = number
        }
        embedded[root.key] = number
        try scan(root)
        return number
    }

    /// The `$id` that makes its schema a resource; in draft-07 one beside a `$ref` counts for nothing.
    private func identifier(of place: SchemaPlace, _ rules: DialectRules) -> String? {
        guard let id = place.value["$id"]?.string, !id.hasPrefix("#") else { return nil }
        if rules.draft == .draft07, place.value["$ref"] != nil { return nil }
        return id
    }

    /// The rules that a resource's `$schema` asks for.
    private mutating func rules(of place: SchemaPlace, inherited: DialectRules) throws(JSONSchemaError) -> DialectRules
    {
        guard let text = place.value["$schema"]?.string else { return inherited }
        let uri = URIReference(text).withoutFragment
        if let dialect = JSONSchema.Dialect(rawValue: uri) { return DialectRules(dialect) }
        guard let metaschema = provided[uri] else {
            throw error(
                "$schema names a dialect that is not known: \(JSONEscaping.printable(text, limit: 200))", at: place)
        }
        let base = metaschema.root["$schema"]?.string.map { URIReference($0).withoutFragment }
        guard let draft = base.flatMap(JSONSchema.Dialect.init(rawValue:)) else {
            throw error("the metaschema \(uri) has no $schema that is known", at: place)
        }
        guard let vocabulary = metaschema.root["$vocabulary"] else { return DialectRules(draft) }
        do throws(DialectRules.UnknownVocabulary) {
            return try DialectRules(
                draft, vocabularies: vocabulary.members.map { ($0.key.string, $0.value.bool ?? true) })
        } catch {
            throw self.error("the vocabulary \(error.uri) that \(uri) requires is not known", at: place)
        }
    }

    /// Walks through the subschemas of a place whose resource is known, for `$id` and anchors.
    private mutating func scan(_ place: SchemaPlace) throws(JSONSchemaError) {
        guard place.value.kind == .object else { return }
        let rules = resources[place.resource].rules
        if rules.draft == .draft07 {
            if place.value["$ref"] == nil, let id = place.value["$id"]?.string, id.hasPrefix("#") {
                resources[place.resource].anchors[String(id.dropFirst())] = place
            }
        } else {
            if let anchor = place.value["$anchor"]?.string { resources[place.resource].anchors[anchor] = place }
            if let anchor = place.value["$dynamicAnchor"]?.string, rules.draft == .draft2020_12 {
                resources[place.resource].anchors[anchor] = place
                resources[place.resource].dynamicAnchors[anchor] = place
            }
            if place.value["$recursiveAnchor"]?.bool == true, rules.draft == .draft2019_09 {
                resources[place.resource].dynamicAnchors[""] = place
            }
        }
        for child in SubschemaKeywords.children(of: place) { try enter(child) }
    }

    private mutating func enter(_ child: SchemaPlace) throws(JSONSchemaError) {
        var child = child
        let rules = try rules(of: child, inherited: resources[child.resource].rules)
        if let id = identifier(of: child, rules) {
            let uri = URIReference.resolve(id, against: resources[child.resource].uri).withoutFragment
            let number = resources.count
            child.resource = number
            resources.append(SchemaResource(uri: uri, root: child, rules: rules))
            byURI[uri] = number
            embedded[child.key] = number
        }
        try scan(child)
    }

    // MARK: Looking up

    /// The resource with this absolute URI: read before, provided, or a metaschema.
    mutating func resource(_ uri: String) throws(JSONSchemaError) -> Int? {
        if let known = byURI[uri] { return known }
        if let document = provided[uri] { return try load(document, uri: uri) }
        if let document = Metaschemas.document(uri) { return try load(document, uri: uri) }
        // An `$id` inside a document that was provided under another address.
        for (address, document) in provided.sorted(by: { $0.key < $1.key }) where byURI[address] == nil {
            try load(document, uri: address)
        }
        return byURI[uri]
    }

    /// The place of a child, in the resource that begins there if one does.
    func settle(_ place: SchemaPlace) -> SchemaPlace {
        guard let resource = embedded[place.key] else { return place }
        var place = place
        place.resource = resource
        return place
    }

    /// The place that a reference from `place` leads to.
    mutating func target(of reference: String, from place: SchemaPlace) throws(JSONSchemaError) -> SchemaPlace {
        let absolute = URIReference.resolve(reference, against: resources[place.resource].uri)
        let quoted = JSONEscaping.printable(reference, limit: 200)
        guard let number = try resource(absolute.withoutFragment) else {
            throw error("the reference \(quoted) leads to a schema that is not known; nothing is fetched", at: place)
        }
        let fragment = absolute.decodedFragment
        guard !fragment.isEmpty else { return resources[number].root }
        if !fragment.hasPrefix("/") {
            guard let anchor = resources[number].anchors[fragment] else {
                throw error("the reference \(quoted) names an anchor that is not there", at: place)
            }
            return anchor
        }
        guard let pointer = JSONPointer(fragment) else {
            throw error("the reference \(quoted) is no pointer", at: place)
        }
        var target = resources[number].root
        for token in pointer.tokens {
            guard let value = target.value[JSONPointer(tokens: [token])] else {
                throw error("the reference \(quoted) leads nowhere", at: place)
            }
            target.value = value
            target.pointer.append(token)
            target = settle(target)
        }
        return target
    }
}

import JSONSchema
import JSONText
import Model

/// The fields of a kind's records whose values are shown to nobody: those that the schema marks `"x-sensitive": true`.
package struct SensitiveValues: Sendable {
    private let kind: Kind
    private let record: SchemaCursor

    /// - Returns: `nil` where the schema marks none.
    init?(of kind: Kind, _ rules: DocumentRules) {
        guard let schema = rules.schemas[kind], schema.hasSensitiveFields else { return nil }
        self.kind = kind
        record = schema.cursor.property(kind.arrayName ?? "").item()
    }

    /// Hides in texts what the records of a body say in these fields.
    ///
    /// - Throws: for a body that cannot be read, or is none.
    package func hide(recordsOf body: [UInt8], in texts: inout [QuotingText]) throws {
        let document = try JSONDocument(parsing: body, maximumDepth: DocumentShape.convertedDepth)
        guard let array = document.root[kind.arrayName ?? ""] else { throw DocumentHasChanged() }
        for element in array.elements { hide(element, in: &texts) }
    }

    func hide(_ record: JSONValue, in texts: inout [QuotingText]) { hide(record, self.record, in: &texts) }

    private func hide(_ value: JSONValue, _ place: SchemaCursor, in texts: inout [QuotingText]) {
        switch value.kind {
        case .object:
            for member in value.members {
                let name = member.key.string
                let field = place.property(name)
                // A name that the schema does not know may be data itself.
                if place.isSensitive, !place.names(name) { hide(text: name.utf8, in: &texts) }
                hide(member.value, field, in: &texts)
            }
        case .array:
            for (index, element) in value.elements.enumerated() { hide(element, place.item(at: index), in: &texts) }
        case .string where place.isSensitive: hide(text: (value.string ?? "").utf8, in: &texts)
        case .number where place.isSensitive:
            hide(text: value.text, in: &texts)
            // Whoever quotes a number may write it anew: 4821.50 as 4821.5.
            if let number = value.number { hide(text: number.description.utf8, in: &texts) }
        case .bool where place.isSensitive: hide(text: value.text, in: &texts)
        default: break
        }
    }

    private func hide(text value: some Sequence<UInt8>, in texts: inout [QuotingText]) {
        for index in texts.indices { texts[index].hide(value) }
    }
}

extension DocumentRules {
    /// Whether what a record is about is shown to nobody.
    ///
    /// - Parameter kind: `nil`: it is not known.
    package func hidesIdentities(_ kind: Kind?) -> Bool {
        (kind.map { [$0] } ?? Kind.documents).contains { kind in
            guard let schema = schemas[kind], schema.hasSensitiveFields else { return false }
            let record = schema.cursor.property(kind.arrayName ?? "").item()
            return kind.identityFields.contains { record.property($0).isSensitive }
        }
    }
}

extension Judgement {
    /// What may be shown of it: without what a record is about, where that is shown to nobody.
    func shown(_ rules: DocumentRules) -> Judgement {
        guard case .problem(let kind, var problem) = self, rules.hidesIdentities(kind) else { return self }
        for index in problem.findings.indices { problem.findings[index].record = nil }
        return .problem(kind, problem)
    }
}

extension JudgedDocument {
    /// Whether what its records are about is shown to nobody.
    package var hidesIdentities: Bool { rules.hidesIdentities(kind) }

    /// The fields of its records whose values are shown to nobody; `nil`: there are none.
    package var sensitiveValues: SensitiveValues? { SensitiveValues(of: kind, rules) }

    /// Hides in texts what its records say in fields whose values are shown to nobody.
    ///
    /// - Throws: what reading it again throws.
    package func hideSensitiveValues(in texts: inout [QuotingText]) throws {
        guard let values = sensitiveValues, !texts.isEmpty else { return }
        try text.forEachRecord { values.hide($0, in: &texts) }
    }
}

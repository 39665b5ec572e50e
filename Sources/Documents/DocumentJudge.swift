import JSONSchema
import JSONText
import Model

/// What a document turned out to be.
package enum Judgement: Sendable {
    case document(JudgedDocument)
    /// It fails; the kind where it could be told.
    case problem(Kind?, Problem)
    /// It ends where more had to come, which may be an upload that was cut off.
    case unfinished(Problem)
}

/// Bytes to batches or problems: the same bytes always get the same answer.
package struct DocumentJudge: Sendable {
    package let rules: DocumentRules

    package init(rules: DocumentRules) {
        self.rules = rules
    }

    package func judge(_ text: [UInt8], form: FileForm, origin: DocumentOrigin) -> Judgement {
        switch form {
        case .json: judgeJSON(text, origin)
        case .xml: judgeXML(text, origin)
        case .pdf, .other: .problem(nil, Problem(.kindUnknown, "This is neither a JSON document nor an attachment."))
        }
    }

    private func judgeJSON(_ text: [UInt8], _ origin: DocumentOrigin) -> Judgement {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            return syntaxProblem(error)
        }
        let shape = DocumentShape.read(document, configured: rules.kind).flatMap { shape in
            rules.fields.isEmpty
                ? .success(shape)
                : JSONMapping.convert(shape, rules.fields)
                    .flatMap { DocumentShape.read($0, configured: rules.kind) }
        }
        return judge(shape, origin)
    }

    private func judgeXML(_ text: [UInt8], _ origin: DocumentOrigin) -> Judgement {
        switch XMLText.decode(text) {
        case .failure(let unfit): return .problem(rules.kind, unfit.problem)
        case .success(let text):
            switch XMLConverter.convert(text, rules: rules) {
            case .problem(let kind, let problem): return .problem(kind ?? rules.kind, problem)
            case .unfinished(let problem): return .unfinished(problem)
            case .converted(let converted):
                return judge(DocumentShape.read(converted, configured: rules.kind), origin)
            }
        }
    }

    private func judge(_ shape: Result<DocumentShape, Unfit>, _ origin: DocumentOrigin) -> Judgement {
        switch shape {
        case .success(let shape): judge(shape, origin)
        case .failure(let unfit): .problem(rules.kind, unfit.problem)
        }
    }

    private func syntaxProblem(_ error: JSONSyntaxError) -> Judgement {
        let finding = Finding(line: error.position.line, column: error.position.column, message: error.message)
        let place = "line \(error.position.line), column \(error.position.column)"
        if error.isUnfinished {
            return .unfinished(
                Problem(.readIncomplete, "The document ends too early: \(error.message)", findings: [finding]))
        }
        let code = error.isEncoding ? Code.parseEncoding : .parseJSON
        return .problem(rules.kind, Problem(code, "Line \(place.dropFirst(5)): \(error.message)", findings: [finding]))
    }

    private func judge(_ shape: DocumentShape, _ origin: DocumentOrigin) -> Judgement {
        guard let schema = rules.schemas[shape.kind] else {
            preconditionFailure("every kind of document has a schema")
        }
        var findings = SchemaFindings(shape)
        findings.add(schema.validate(shape.body, limit: Problem.listedFindings))
        let own = ownReference(shape, origin, &findings)
        if findings.count > 0 { return .problem(shape.kind, findings.problem) }
        guard let array = shape.array, array.kind == .array else {
            return .problem(shape.kind, Problem(.schemaJSON, "The document's \(shape.arrayName) is no array"))
        }
        let hash = ContentHash(shape, rules.sameness, origin)
        switch BatchPlan.make(shape, array, reference: own ?? hash.content, rules) {
        case .success(let plan):
            return .document(
                JudgedDocument(
                    shape: shape.withoutPlaces, hash: hash, ownReference: own, plan: plan, rules: rules))
        case .failure(let problem):
            return .problem(shape.kind, problem.problem)
        }
    }

    /// The `batchReferenceId` that the document brings, where it is to be kept.
    private func ownReference(
        _ shape: DocumentShape, _ origin: DocumentOrigin, _ findings: inout SchemaFindings
    ) -> String? {
        guard rules.ownReference != .ignore, let value = shape.ownReference, let own = value.string,
            !Reference.isDerived(own)
        else { return nil }
        let reference = rules.ownReference == .prefix ? "\(origin.inbox):\(own)" : own
        if own.isEmpty || own.unicodeScalars.count > Reference.longestOwn
            || reference.unicodeScalars.count > Reference.longest
        {
            findings.add(
                value, pointer: "/batchReferenceId", keyword: "maxLength",
                message: "a batchReferenceId of a sender's own has 1 to \(Reference.longestOwn) characters")
            return nil
        }
        return reference
    }
}

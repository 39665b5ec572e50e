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
        case .json: judgeJSON(text, origin).shown(rules)
        case .xml: judgeXML(text, origin).shown(rules)
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
        switch DocumentShape.read(document, configured: rules.kind) {
        case .failure(let unfit): return .problem(rules.kind, unfit.problem)
        case .success(let shape):
            switch shape.mapped(rules.fields) {
            case .failure(let unfit): return .problem(shape.kind, unfit.problem)
            case .success(let mapped): return judge(mapped, origin)
            }
        }
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

    func syntaxProblem(_ error: JSONSyntaxError, at position: JSONPosition? = nil) -> Judgement {
        let position = position ?? error.position
        let finding = Finding(line: position.line, column: position.column, message: error.message)
        if error.isUnfinished {
            return .unfinished(
                Problem(.readIncomplete, "The document ends too early: \(error.message)", findings: [finding]))
        }
        let code = error.isEncoding ? Code.parseEncoding : .parseJSON
        let message = "Line \(position.line), column \(position.column): \(error.message)"
        return .problem(rules.kind, Problem(code, message, findings: [finding]))
    }

    private func judge(_ shape: DocumentShape, _ origin: DocumentOrigin) -> Judgement {
        guard let schema = rules.schemas[shape.kind] else {
            preconditionFailure("every kind of document has a schema")
        }
        var findings = SchemaFindings(shape.kind)
        if rules.validates { findings.add(schema.validate(shape.body, limit: Problem.listedFindings), in: shape) }
        let own = ownReference(shape, origin, &findings)
        if findings.count > 0 { return .problem(shape.kind, findings.problem) }
        guard let array = shape.array, array.kind == .array, array.count > 0 else {
            return .problem(shape.kind, DocumentJudge.nothingToSend(shape))
        }
        var hash = ContentHash()
        hash.add(elementsOf: array)
        let references = hash.references(shape.kind, rules.sameness, origin)
        switch BatchPlan.make(shape, array, reference: own ?? references.content, rules) {
        case .success(let plan):
            let text = RecordText.held(shape.withoutPlaces)
            return .document(JudgedDocument(text, references, ownReference: own, plan: plan, rules: rules))
        case .failure(let problem):
            return .problem(shape.kind, problem.problem)
        }
    }

    /// A schema of an inbox's own may allow what is nothing to send: an empty array, or none.
    static func nothingToSend(_ shape: DocumentShape) -> Problem {
        let message = shape.array?.kind == .array ? "there is no record in it" : "it is no array"
        let position = shape.position(ofByte: shape.array?.byteRange.lowerBound ?? 0)
        return Problem(
            .schemaJSON, "The document has no \(shape.arrayName)",
            findings: [
                Finding(
                    pointer: "/\(shape.arrayName)", line: position.line, column: position.column, message: message)
            ])
    }

    /// The `batchReferenceId` that the document brings, where it is to be kept.
    func ownReference(
        _ shape: DocumentShape, _ origin: DocumentOrigin, _ findings: inout SchemaFindings
    ) -> String? {
        guard rules.ownReference != .ignore, let value = shape.ownReference, let own = value.string,
            !Reference.isOfSluicesForm(own)
        else { return nil }
        if own.isEmpty || own.unicodeScalars.count > Reference.longestOwn {
            findings.add(
                value, in: shape, pointer: "/batchReferenceId", keyword: "maxLength",
                message: "a batchReferenceId of a sender's own has 1 to \(Reference.longestOwn) characters")
            return nil
        }
        return rules.ownReference == .prefix ? Reference.prefixed(own, inbox: origin.inbox) : own
    }
}

extension DocumentJudge {
    /// Takes a document of this kind for what it was, though it may fit no more: something of it has left.
    package func goingOn(as kind: Kind) -> DocumentJudge {
        var rules = rules
        rules.kind = kind
        rules.xmlSchemas = [:]
        rules.validates = false
        return DocumentJudge(rules: rules)
    }
}

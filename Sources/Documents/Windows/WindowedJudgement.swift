import JSONSchema
import JSONText
import Model

extension DocumentJudge {
    /// Judges a JSON document that is too large to be held, reading it once from its beginning to its end.
    ///
    /// The answer is the same as that of ``judge(_:form:origin:)`` on the whole text.
    ///
    /// - Parameter windowBytes: how much of the records is held at once, as long as each of them is smaller.
    /// - Throws: what reading throws.
    package func judge(
        _ source: DocumentSource, origin: DocumentOrigin, windowBytes: Int = WindowedText.usualBytes
    ) throws -> Judgement {
        var text = try WindowedText(
            source, names: Kind.documents.compactMap(\.arrayName), bare: rules.kind?.arrayName ?? "",
            windowBytes: windowBytes, longestElement: rules.bodyBytes)
        var judgement = WindowedJudgement(self, source, origin)
        do {
            while let window = try text.next() {
                if let ending = judgement.take(window, after: text.skeleton) { return ending }
            }
        } catch let obstacle as WindowedText.Obstacle {
            return judgement.ending(at: obstacle, text.skeleton)
        }
        return judgement.finish(text.skeleton)
    }

    /// Whether the documents of this inbox can be judged in windows: each record for itself.
    package var canJudgeInWindows: Bool {
        (rules.kind.map { [$0] } ?? Kind.documents).allSatisfy { kind in
            rules.schemas[kind]?.elements(of: kind.arrayName ?? "") != nil
        }
    }
}

/// What is known of a document of which some windows have been read.
struct WindowedJudgement {
    private let judge: DocumentJudge
    private let source: DocumentSource
    private let origin: DocumentOrigin
    private var findings: SchemaFindings?
    private var content = ContentHash()
    /// Where the records stand in the file, and, where fields are mapped, in the converted text.
    private var records = RecordSpans()
    private var converted = RecordSpans()
    /// Between the brackets of the array.
    private var inside: Range<Int>?
    private var count = 0
    /// Records that are near the size limit of a request or over it, the first of them.
    private var large: [LargeRecord] = []
    private var kind: Kind?
    /// The array that is judged.
    private var arrayName: String?

    private static let mostLarge = 1000
    /// A body holds a reference beside its records.
    private static let longestFrame = 1000

    private var rules: DocumentRules { judge.rules }

    init(_ judge: DocumentJudge, _ source: DocumentSource, _ origin: DocumentOrigin) {
        (self.judge, self.source, self.origin) = (judge, source, origin)
    }

    // MARK: Window by window

    /// - Returns: what the document is, where that is clear already.
    mutating func take(_ window: WindowedText.Window, after skeleton: Skeleton) -> Judgement? {
        if window.isFirst, let ending = wrongHead(skeleton) { return ending }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: window.text, maximumDepth: 257)
        } catch {
            return judge.syntaxProblem(error, at: position(error, in: window))
        }
        // Nothing where an element has to be looks like an empty array; only where it is all there is, it is one.
        if document.root[window.name]?.count == 0, !(window.isFirst && window.isLast) { return missingElement(window) }
        // Whatever is to be said of another kind's array is said of the text around it.
        guard rules.kind?.arrayName ?? arrayName ?? window.name == window.name else { return nil }
        arrayName = window.name
        return take(document, window)
    }

    private mutating func take(_ document: JSONDocument, _ window: WindowedText.Window) -> Judgement? {
        let surroundings = Surroundings.window(window.mark, head: window.head)
        // The outermost array of a document that is to have a kind.
        guard case .success(let own) = DocumentShape.read(document, configured: rules.kind, in: surroundings) else {
            return nil
        }
        kind = own.kind
        inside = (inside?.lowerBound ?? window.start)..<window.end
        switch own.mapped(rules.fields) {
        case .success(let shape): add(shape, own, window)
        case .failure(let unfit):
            return .problem(own.kind, SchemaFindings.shifted(unfit.problem, by: count, own.kind))
        }
        count += own.array?.count ?? 0
        return nil
    }

    private mutating func add(_ shape: DocumentShape, _ own: DocumentShape, _ window: WindowedText.Window) {
        guard let schema = rules.schemas[shape.kind]?.elements(of: shape.arrayName), let array = shape.array,
            let ownArray = own.array
        else { preconditionFailure("only documents that can be judged in windows are") }
        var findings = findings ?? SchemaFindings(shape.kind)
        findings.add(schema.validate(shape.body, limit: findings.room), in: shape, first: count)
        self.findings = findings
        // What does not fit is not sent.
        guard findings.count == 0 else { return }
        content.add(elementsOf: array)
        for record in ownArray.elements {
            records.append(
                window.offset(of: record.byteRange.lowerBound)..<window.offset(of: record.byteRange.upperBound))
        }
        let limit = rules.bodyBytes - WindowedJudgement.longestFrame
        var index = 0
        for record in array.elements {
            if record.byteRange.count > limit, large.count < WindowedJudgement.mostLarge {
                large.append(LargeRecord(record, index: index, in: shape, first: count))
            }
            index += 1
            guard shape.isConverted else { continue }
            let start = converted.count == 0 ? 0 : converted.length + 1
            converted.append(start..<(start + record.byteRange.count))
        }
    }

    // MARK: The text

    /// What is wrong before the first record is found before what is wrong with the records.
    private func wrongHead(_ skeleton: Skeleton) -> Judgement? {
        do {
            _ = try JSONDocument(parsing: skeleton.text + [UInt8(ascii: "]")])
        } catch {
            if error.offset < skeleton.text.count {
                return judge.syntaxProblem(error, at: skeleton.position(ofByte: error.offset))
            }
        }
        return nil
    }

    private func position(_ error: JSONSyntaxError, in window: WindowedText.Window) -> JSONPosition {
        Surroundings.window(window.mark, head: window.head).position(of: error.position, byte: error.offset)
    }

    /// The parser's own words for a place where a value has to stand.
    private func missingElement(_ window: WindowedText.Window) -> Judgement {
        let text = window.text.dropLast(2) + [UInt8(ascii: ",")]
        do {
            _ = try JSONDocument(parsing: Array(text))
            preconditionFailure("a comma is no value")
        } catch {
            return judge.syntaxProblem(error, at: position(error, in: window))
        }
    }

    // MARK: The end

    /// Judges what is around the records, and makes the plan.
    func finish(_ skeleton: Skeleton) -> Judgement {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: skeleton.text)
        } catch {
            return judge.syntaxProblem(error, at: skeleton.position(ofByte: error.offset))
        }
        switch DocumentShape.read(document, configured: rules.kind, in: .skeleton(skeleton)) {
        case .failure(let unfit): return .problem(rules.kind, unfit.problem)
        case .success(let shape): return finish(shape)
        }
    }

    private func finish(_ shape: DocumentShape) -> Judgement {
        guard let schema = rules.schemas[shape.kind] else {
            preconditionFailure("every kind of document has a schema")
        }
        var findings = findings ?? SchemaFindings(shape.kind)
        // Here the array is empty, which it is not.
        findings.add(
            schema.validate(shape.body, limit: Problem.listedFindings), in: shape,
            leavingOut: count > 0 ? "minItems" : nil)
        let own = judge.ownReference(shape, origin, &findings)
        if findings.count > 0 {
            findings.sort()
            return .problem(shape.kind, findings.problem)
        }
        guard let inside else { return .problem(shape.kind, Problem(.schemaJSON, "The document has no records.")) }
        let content = content.reference(shape.kind, rules.sameness, origin)
        let reference = own ?? content
        switch plan(shape.kind, inside, reference) {
        case .failure(let unfit): return .problem(shape.kind, unfit.problem)
        case .success(let plan):
            let parts =
                plan.parts.count == 1 && !isConverted ? [inside] : records.spans(of: plan.parts.map(\.records))
            let text = WindowedRecords(
                kind: shape.kind, source: source, fields: rules.fields, inside: inside, parts: parts)
            return .document(JudgedDocument(.windowed(text), content: content, ownReference: own, plan: plan))
        }
    }

    private var isConverted: Bool { !rules.fields.isEmpty }

    private func plan(_ kind: Kind, _ inside: Range<Int>, _ reference: String) -> Result<BatchPlan, Unfit> {
        let text = isConverted ? 0..<converted.length : inside
        if let whole = BatchPlan.whole(kind, text, count: count, reference: reference, rules) {
            return .success(whole)
        }
        let room = BatchPlan.room(kind, reference: reference, rules)
        if let record = large.first(where: { $0.bytes > room }) {
            return .failure(Unfit(problem: record.problem(kind, rules)))
        }
        return .success(
            BatchPlan.cut(isConverted ? converted : records, room: room, reference: reference, rules))
    }

    /// What a document is that cannot be read to its end.
    func ending(at obstacle: WindowedText.Obstacle, _ skeleton: Skeleton) -> Judgement {
        switch obstacle {
        case .element(let index, let mark, let bytes):
            let kind = kind ?? rules.kind ?? .account
            let record = LargeRecord(index: index, bytes: bytes, position: mark.position)
            return .problem(self.kind ?? rules.kind, record.problem(kind, rules))
        case .surroundings:
            do {
                _ = try JSONDocument(parsing: skeleton.text)
            } catch  where !error.isUnfinished {
                return judge.syntaxProblem(error, at: skeleton.position(ofByte: error.offset))
            } catch {}
            let message =
                "The document has more than \(skeleton.text.count) bytes around its records; they cannot be held."
            return .problem(rules.kind, Problem(.readTooLarge, message))
        }
    }
}

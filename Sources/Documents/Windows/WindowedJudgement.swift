import JSONSchema
import JSONText
import Model
import Synchronization

extension DocumentJudge {
    /// Judges a JSON document that is too large to be held, reading it once from its beginning to its end.
    ///
    /// The answer is the same as that of ``judge(_:form:origin:)`` on the whole text, but for a document of several records
    /// that is as large as a request may be: its bodies have room for the number of another round.
    ///
    /// - Parameters:
    ///   - windowBytes: how much of the records is held at once, as long as each of them is smaller.
    ///   - mostRecords: of what is more nothing is kept.
    /// - Throws: what reading throws.
    package func judge(
        _ source: DocumentSource, origin: DocumentOrigin, windowBytes: Int = WindowedText.usualBytes,
        mostRecords: Int = .max
    ) throws -> Judgement {
        try judgeInWindows(source, origin, windowBytes, mostRecords).shown(rules)
    }

    private func judgeInWindows(
        _ source: DocumentSource, _ origin: DocumentOrigin, _ windowBytes: Int, _ mostRecords: Int
    ) throws -> Judgement {
        let text = Mutex(
            try WindowedText(
                source, names: Kind.documents.compactMap(\.arrayName), bare: rules.kind?.arrayName ?? "",
                windowBytes: windowBytes, longestElement: rules.longestRecord))
        // Reading, hashing and cutting the text take about as long as judging its records.
        let windows = Ahead { try text.withLock { text in try text.next().map { ($0, after: text.skeleton) } } }
        defer { windows.stop() }
        var judgement = WindowedJudgement(self, source, origin, mostRecords: mostRecords)
        do {
            while let (window, skeleton) = try windows.take() {
                if let ending = judgement.take(window, after: skeleton) { return ending }
            }
        } catch let obstacle as WindowedText.Obstacle {
            return judgement.ending(at: obstacle, text.withLock(\.skeleton))
        }
        return judgement.finish(text.withLock(\.skeleton))
    }

    /// What is kept of each record while a document is judged in windows, in bytes, about: its key, another room for that
    /// while they grow in number and while they are sorted, and where it stands.
    package static let recordBytes = 20

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
    private var tally: RecordTally
    /// Where the records stand in the file.
    private var records = RecordSpans()
    /// Between the brackets of the array.
    private var inside: Range<Int>?
    /// The array that is judged.
    private var arrayName: String?

    private var rules: DocumentRules { judge.rules }

    init(_ judge: DocumentJudge, _ source: DocumentSource, _ origin: DocumentOrigin, mostRecords: Int) {
        (self.judge, self.source, self.origin) = (judge, source, origin)
        tally = RecordTally(judge, most: mostRecords)
    }

    // MARK: Window by window

    /// - Returns: what the document is, where that is clear already.
    mutating func take(_ window: WindowedText.Window, after skeleton: Skeleton) -> Judgement? {
        if window.isFirst, let ending = wrongHead(skeleton) { return ending }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: window.text, maximumDepth: window.isBare ? 257 : 256)
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
        inside = (inside?.lowerBound ?? window.start)..<window.end
        switch own.mapped(rules.fields) {
        case .failure(let unfit):
            return .problem(own.kind, SchemaFindings.shifted(unfit.problem, by: tally.count, own.kind))
        case .success(let shape):
            guard tally.add(shape), let array = own.array else { return nil }
            if let problem = tally.tooMany { return .problem(own.kind, problem) }
            for record in array.elements {
                records.append(
                    window.offset(of: record.byteRange.lowerBound)..<window.offset(of: record.byteRange.upperBound))
            }
            return nil
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
    mutating func finish(_ skeleton: Skeleton) -> Judgement {
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

    private mutating func finish(_ shape: DocumentShape) -> Judgement {
        let (source, records, fields) = (source, records, rules.fields)
        let isConverted = !fields.isEmpty
        let inside = inside ?? 0..<0
        return tally.finish(
            shape, origin,
            text: isConverted ? (0..<tally.converted.length, tally.converted) : (inside, records)
        ) { plan in
            let parts =
                plan.parts.count == 1 && !isConverted ? [inside] : records.spans(of: plan.parts.map(\.records))
            return .windowed(
                WindowedRecords(
                    kind: shape.kind, source: source, fields: fields, inside: inside, parts: parts,
                    isConverted: isConverted))
        }
    }

    /// What a document is that cannot be read to its end.
    func ending(at obstacle: WindowedText.Obstacle, _ skeleton: Skeleton) -> Judgement {
        switch obstacle {
        case .element(let index, let mark, let bytes):
            let kind = tally.kind ?? rules.kind ?? .account
            let record = LargeRecord(index: index, bytes: bytes, position: mark.position)
            return .problem(tally.kind ?? rules.kind, record.problem(kind, rules))
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

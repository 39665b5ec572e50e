import JSONText
import Model

extension DocumentJudge {
    /// Judges an XML document that is too large to be held, reading it once from its beginning to its end.
    ///
    /// The answer is the same as that of ``judge(_:form:origin:)`` on the whole text, but for a document that is as large
    /// as a request may be.
    ///
    /// - Parameters:
    ///   - spool: an empty one, for the converted records. The judged document reads from it.
    ///   - windowBytes: how much of the converted records is held at once, as long as each of them is smaller.
    ///   - mostRecords: of what is more nothing is kept.
    /// - Throws: what reading and the spool throw.
    package func judge(
        xml source: DocumentSource, spool: RecordSpool, origin: DocumentOrigin,
        windowBytes: Int = WindowedText.usualBytes, mostRecords: Int = .max
    ) throws -> Judgement {
        try judgeInWindows(source, spool, origin, windowBytes, mostRecords).shown(rules)
    }

    private func judgeInWindows(
        _ source: DocumentSource, _ spool: RecordSpool, _ origin: DocumentOrigin, _ windowBytes: Int,
        _ mostRecords: Int
    ) throws -> Judgement {
        let head = try source.read(0..<min(source.size, XMLEncoding.headBytes))
        let judgement = XMLJudgement(self, spool, mostRecords: mostRecords)
        do {
            let encoding = try XMLEncoding.of(head: head).get()
            let pieces = try XMLPieces(source, encoding, pieceBytes: min(windowBytes, XMLJudgement.pieceBytes))
            if let untrue = encoding.untrue {
                while try pieces.next() != nil {}
                throw untrue
            }
            let windows = XMLWindows(
                bytes: windowBytes, longestRecord: rules.longestRecord, take: { try judgement.take($0) })
            let outcome = try XMLConverter.convert(
                { try pieces.next() }, isCut: { pieces.isCut }, rules: rules, windows: windows)
            switch outcome {
            case .problem(let kind, let problem): return .problem(kind ?? rules.kind, problem)
            case .unfinished(let problem): return .unfinished(problem)
            case .converted(let around): return judgement.finish(around, origin)
            }
        } catch let unfit as Unfit {
            return .problem(rules.kind, unfit.problem)
        } catch let obstacle as XMLObstacle {
            return judgement.ending(at: obstacle)
        }
    }
}

/// What is known of an XML document of which some records have been read.
private final class XMLJudgement {
    /// What is read at once.
    static let pieceBytes = 1 << 18

    private let judge: DocumentJudge
    private let spool: RecordSpool
    private var tally: RecordTally
    /// The first record that cannot be written as JSON.
    private var unfit: Unfit?

    init(_ judge: DocumentJudge, _ spool: RecordSpool, mostRecords: Int) {
        (self.judge, self.spool) = (judge, spool)
        tally = RecordTally(judge, most: mostRecords)
    }

    /// Judges some records, whatever may still be found wrong with the document as XML.
    func take(_ window: ConvertedText) throws {
        guard unfit == nil else { return }
        let shape: DocumentShape
        do throws(Unfit) {
            shape = try DocumentShape.read(window, configured: judge.rules.kind).get()
        } catch {
            unfit = error
            return
        }
        // A document of several kinds is none, whatever its records are like.
        guard tally.kind ?? shape.kind == shape.kind else { return }
        let isFirst = tally.count == 0
        guard tally.add(shape), let array = shape.array else { return }
        if let problem = tally.tooMany { throw Unfit(problem: problem) }
        var text: [UInt8] = isFirst ? [] : [UInt8(ascii: ",")]
        text += shape.text(array.insideRange)
        try spool.append(text)
    }

    /// - Parameter around: the document with empty arrays.
    func finish(_ around: ConvertedText, _ origin: DocumentOrigin) -> Judgement {
        if let unfit { return .problem(judge.rules.kind, unfit.problem) }
        switch DocumentShape.read(around, configured: judge.rules.kind) {
        case .failure(let unfit): return .problem(judge.rules.kind, unfit.problem)
        case .success(let shape):
            let all = 0..<tally.converted.length
            return tally.finish(shape, origin, text: (all, tally.converted)) { plan in
                .windowed(
                    WindowedRecords(
                        kind: shape.kind, source: DocumentSource(size: all.count, isOwn: true, read: spool.read),
                        fields: FieldMapping(), inside: all, parts: plan.parts.map(\.text), isConverted: true))
            }
        }
    }

    /// What a document is that cannot be read to its end.
    func ending(at obstacle: XMLObstacle) -> Judgement {
        switch obstacle {
        case .record(let kind, let index, let bytes, let place, let identity):
            let record = LargeRecord(index: index, bytes: bytes, position: place.position, identity: identity)
            return .problem(kind, record.problem(kind, judge.rules))
        case .reference(let bytes):
            let message = "The document's batchReferenceId has more than \(bytes) bytes; it cannot be held."
            return .problem(judge.rules.kind, Problem(.readTooLarge, message))
        }
    }
}

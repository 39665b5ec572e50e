import JSONSchema
import JSONText
import Model

/// What is known of the records of a document that is read in windows: what is wrong with them, their content, and how
/// large each is as it would be sent.
struct RecordTally {
    let judge: DocumentJudge
    private(set) var kind: Kind?
    private(set) var findings: SchemaFindings?
    /// How many records were read.
    private(set) var count = 0
    /// Where the records stand in the converted text, one behind the other with a comma between them.
    private(set) var converted = RecordSpans()
    private var content = ContentHash()
    /// What the records are about.
    private var keys: [UInt64] = []
    /// Records that are near the size limit of a request or over it, the first of them.
    private var large: [LargeRecord] = []

    /// How many records may be read.
    private let most: Int

    private static let mostLarge = 1000
    /// A body holds a reference beside its records.
    private static let longestFrame = 1000

    private var rules: DocumentRules { judge.rules }

    /// - Parameter most: how many records there may be.
    init(_ judge: DocumentJudge, most: Int) {
        self.judge = judge
        // What something of has left goes on, however much of it there is.
        self.most = judge.rules.validates ? most : .max
    }

    /// There are more records than what is kept of each may take.
    var tooMany: Problem? {
        guard count > most else { return nil }
        return Problem(
            .readTooLarge,
            "The document has more than \(most) records, which is all that limits.memory has room for: cut it into several, "
                + "or raise limits.memory.")
    }

    /// Adds the records of a window.
    ///
    /// - Returns: whether all that was read so far fits; what does not is not sent.
    mutating func add(_ shape: DocumentShape) -> Bool {
        guard let schema = rules.schemas[shape.kind]?.elements(of: shape.arrayName), let array = shape.array else {
            preconditionFailure("only documents that can be judged in windows are")
        }
        defer { count += array.count }
        kind = shape.kind
        var findings = findings ?? SchemaFindings(shape.kind)
        if rules.validates { findings.add(schema.validate(shape.body, limit: findings.room), in: shape, first: count) }
        self.findings = findings
        guard findings.count == 0 else { return false }
        content.add(elementsOf: array)
        let limit = rules.bodyBytes - Self.longestFrame
        var index = 0
        for record in array.elements {
            if record.byteRange.count > limit, large.count < Self.mostLarge {
                large.append(LargeRecord(record, index: index, in: shape, first: count))
            }
            index += 1
            if let key = JudgedDocument.key(of: record, shape.kind) { keys.append(key) }
            guard shape.isConverted else { continue }
            let start = converted.count == 0 ? 0 : converted.length + 1
            converted.append(start..<(start + record.byteRange.count))
        }
        return true
    }

    /// Judges what is around the records, and makes the plan.
    ///
    /// - Parameters:
    ///   - shape: the document with an empty array.
    ///   - text: where the records stand together, and where each of them, in the text that is sent.
    ///   - records: makes the records' text of the plan.
    mutating func finish(
        _ shape: DocumentShape, _ origin: DocumentOrigin, text: (all: Range<Int>, each: RecordSpans),
        records: (BatchPlan) -> RecordText
    ) -> Judgement {
        guard let schema = rules.schemas[shape.kind] else {
            preconditionFailure("every kind of document has a schema")
        }
        var findings = findings ?? SchemaFindings(shape.kind)
        // Here the array is empty, which it is not.
        if rules.validates {
            findings.add(
                around: schema.validate(shape.body, limit: Problem.listedFindings), in: shape,
                leavingOut: count > 0 ? "minItems" : nil)
        }
        let own = judge.ownReference(shape, origin, &findings)
        if findings.count > 0 { return .problem(shape.kind, findings.problem) }
        guard count > 0, let array = shape.array, array.kind == .array else {
            return .problem(shape.kind, DocumentJudge.nothingToSend(shape))
        }
        // What is in it was not judged, and would not be sent.
        guard array.count == 0 else {
            let message = "The document's \(shape.arrayName) cannot be told from what is around it."
            return .problem(shape.kind, Problem(.readTooLarge, message))
        }
        let references = content.references(shape.kind, rules.sameness, origin)
        switch plan(shape.kind, text, own, references.content) {
        case .failure(let unfit): return .problem(shape.kind, unfit.problem)
        case .success(let plan):
            var document = JudgedDocument(records(plan), references, ownReference: own, plan: plan, rules: rules)
            // They are sorted where they are.
            document.knownIdentities = IdentityKeys(exchange(&keys, with: []))
            return .document(document)
        }
    }

    private func plan(
        _ kind: Kind, _ text: (all: Range<Int>, each: RecordSpans), _ own: String?, _ content: String
    ) -> Result<BatchPlan, Unfit> {
        let reference = own ?? content
        // Sent once more, under a longer reference, it is not cut anew.
        let spared = own == nil && count > 1 ? BatchPlan.suffixRoom : 0
        let whole = BatchPlan.whole(kind, text.all, count: count, reference: reference, rules, sparing: spared)
        if let whole { return .success(whole) }
        let room = BatchPlan.room(kind, reference: reference, rules)
        if let record = large.first(where: { $0.bytes > room }) {
            return .failure(Unfit(problem: record.problem(kind, rules)))
        }
        return .success(BatchPlan.cut(text.each, room: room, reference: reference, rules))
    }
}

import Crypto
import JSONText
import Model

/// A record of a document that was sent, with all that a later document is compared by.
package struct SentRecord: Sendable, Hashable {
    /// Its place among the records of the file, from 0.
    package var position: Int
    package var hash: RecordHash
    package var key: UInt64
    package var identity: String
    /// A claim's number, where its identity is another.
    package var claimNumber: String?

    /// What the API may call it.
    package var names: [String] { [identity, claimNumber].compactMap(\.self).filter { !$0.isEmpty } }

    fileprivate init(_ record: JSONValue, _ kind: Kind, position: Int) {
        self.position = position
        hash = record.recordHash
        key = JudgedDocument.key(of: record, kind) ?? 0
        identity = JudgedDocument.identity(of: record, kind) ?? ""
        if kind == .claim, let number = record["claimNumber"]?.string, number != identity { claimNumber = number }
    }
}

extension JudgedDocument {
    /// The same content once more, under the reference of another round (contract, section 5, *Back and forth*).
    ///
    /// - Returns: a problem where the longer reference makes a record's body too long.
    package func remade(round: Int) -> Judgement {
        // A reference of the sender's own stays what it is.
        let reference = ownReference ?? Reference.round(round, content)
        guard case .held(let shape) = text else {
            if let problem = problem(ofOneRecordUnder: reference) { return .problem(kind, problem) }
            var remade = JudgedDocument(self, text, plan: BatchPlan(parts: plan.parts, reference: reference))
            remade.knownIdentities = knownIdentities
            return .document(remade)
        }
        return remade(shape, reference: reference)
    }

    /// Where a document that is not held has several records, its bodies have room for the round.
    private func problem(ofOneRecordUnder reference: String) -> Problem? {
        let (part, name) = (plan.parts[0], kind.arrayName ?? "")
        guard records == 1,
            BatchPlan.whole(kind, part.text, count: 1, reference: reference, rules) == nil
        else { return nil }
        let message = "under the reference \(reference) its request would have more than \(rules.bodyBytes) bytes"
        return Problem(.sizeRecord, LargeRecord.title(0), findings: [Finding(pointer: "/\(name)/0", message: message)])
    }

    /// The document without records that the API took before: those at some places in the file, and those that are
    /// equal to others, so many of each.
    ///
    /// Its reference covers both the whole and what is left: what is left may be equal to a document that was accepted
    /// long ago, and has to be sent nevertheless.
    ///
    /// - Parameter spool: where what is left of a document that is not held can be kept.
    /// - Returns: `nil` where nothing is left, and which records were left out.
    package func leavingOut(
        _ taken: [RecordHash: [AcceptedRecord]], at positions: [Int: AcceptedRecord], round: Int,
        spool: () throws -> RecordSpool
    ) throws -> (rest: Judgement?, leftOut: [AcceptedRecord]) {
        var sieve = RecordSieve(taken: taken, positions: positions)
        switch text {
        case .held(let shape):
            var text = Array("{\"\(shape.arrayName)\":[".utf8)
            try self.text.forEachRecord { record in
                guard sieve.keeps(record) else { return }
                if sieve.kept.count > 1 { text.append(UInt8(ascii: ",")) }
                text += shape.text(record.byteRange)
            }
            if sieve.leftOut.isEmpty { return (round == 1 ? .document(self) : remade(round: round), []) }
            if sieve.kept.isEmpty { return (nil, sieve.leftOut) }
            text += [UInt8(ascii: "]"), UInt8(ascii: "}")]
            return (remade(ofRest: text, sieve, round: round), sieve.leftOut)
        case .windowed:
            var rest = SpooledRecords(try spool())
            try text.forEachRecord { record in
                if sieve.keeps(record) { try rest.append(record) }
            }
            if sieve.leftOut.isEmpty { return (round == 1 ? .document(self) : remade(round: round), []) }
            if sieve.kept.isEmpty { return (nil, sieve.leftOut) }
            return (try remade(ofRest: &rest, sieve, round: round), sieve.leftOut)
        }
    }

    private func remade(ofRest text: [UInt8], _ sieve: RecordSieve, round: Int) -> Judgement {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text, maximumDepth: XMLReader.maximumDepth + 8)
        } catch {
            preconditionFailure("records that were read once can be read again: \(error)")
        }
        switch DocumentShape.read(document, configured: kind) {
        case .failure(let unfit): return .problem(kind, unfit.problem)
        case .success(var rest):
            rest.isConverted = true
            let reference = ownReference ?? Reference.round(round, sieve.content.rest(of: content, kind))
            let judgement = remade(rest, reference: reference)
            guard case .document(var remade) = judgement else { return judgement }
            remade.positions = sieve.kept
            return .document(remade)
        }
    }

    private func remade(ofRest rest: inout SpooledRecords, _ sieve: RecordSieve, round: Int) throws -> Judgement {
        let reference = ownReference ?? Reference.round(round, sieve.content.rest(of: content, kind))
        let room = BatchPlan.room(kind, reference: reference, rules)
        let plan = BatchPlan.cut(rest.spans, room: room, reference: reference, rules)
        let text = try rest.finish(kind, parts: plan.parts.map(\.text))
        var document = JudgedDocument(self, .windowed(text), plan: plan)
        document.positions = sieve.kept
        return .document(document)
    }

    private func remade(_ shape: DocumentShape, reference: String) -> Judgement {
        guard let array = shape.array else { return .document(self) }
        switch BatchPlan.make(shape, array, reference: reference, rules) {
        case .success(let plan): return .document(JudgedDocument(self, .held(shape), plan: plan))
        case .failure(let unfit): return Judgement.problem(kind, unfit.problem).shown(rules)
        }
    }

    /// What its records are compared by.
    package var recordHashes: Set<RecordHash> {
        get throws {
            var hashes: Set<RecordHash> = []
            try text.forEachRecord { hashes.insert($0.recordHash) }
            return hashes
        }
    }

    /// Its records, for a document that went through in part.
    package var sentRecords: [SentRecord] {
        get throws {
            var sent: [SentRecord] = []
            sent.reserveCapacity(records)
            try text.forEachRecord { record in
                sent.append(SentRecord(record, kind, position: positions?[sent.count] ?? sent.count))
            }
            return sent
        }
    }
}

/// Parts a document's records into those that were accepted before and those that are left.
struct RecordSieve {
    private var taken: [RecordHash: [AcceptedRecord]]
    private let positions: [Int: AcceptedRecord]
    private var position = 0
    /// The places in the file of those that are left.
    private(set) var kept: [Int] = []
    private(set) var leftOut: [AcceptedRecord] = []
    /// The content of those that are left.
    private(set) var content = ContentHash()

    init(taken: [RecordHash: [AcceptedRecord]], positions: [Int: AcceptedRecord]) {
        (self.taken, self.positions) = (taken, positions)
    }

    /// - Parameter record: the next one of the document.
    mutating func keeps(_ record: JSONValue) -> Bool {
        defer { position += 1 }
        if let known = positions[position] ?? taken[record.recordHash]?.popLast() {
            leftOut.append(known)
            return false
        }
        kept.append(position)
        content.add(element: record)
        return true
    }
}

/// Records that are put behind one another where there is room for them.
struct SpooledRecords {
    private let spool: RecordSpool
    private var pending: [UInt8] = []
    private var written = 0
    private(set) var spans = RecordSpans()

    private static let piece = 1 << 20

    init(_ spool: RecordSpool) {
        self.spool = spool
    }

    mutating func append(_ record: JSONValue) throws {
        if spans.count > 0 { pending.append(UInt8(ascii: ",")) }
        let start = written + pending.count
        pending += record.text
        spans.append(start..<(written + pending.count))
        if pending.count >= Self.piece { try flush() }
    }

    private mutating func flush() throws {
        try spool.append(pending)
        written += pending.count
        pending.removeAll(keepingCapacity: true)
    }

    mutating func finish(_ kind: Kind, parts: [Range<Int>]) throws -> WindowedRecords {
        try flush()
        return WindowedRecords(
            kind: kind, source: DocumentSource(size: written, isOwn: true, read: spool.read), fields: FieldMapping(),
            inside: 0..<written, parts: parts, isConverted: true)
    }
}

extension JudgedDocument {
    /// The records of a body that was sent, each as if the body were a file of its own.
    package static func records(ofBody body: [UInt8], _ kind: Kind) -> [SentRecord] {
        guard let document = try? JSONDocument(parsing: body, maximumDepth: XMLReader.maximumDepth + 8),
            let array = document.root[kind.arrayName ?? ""]
        else { return [] }
        return array.elements.enumerated().map { index, record in
            SentRecord(record, kind, position: index)
        }
    }
}

extension JSONValue {
    /// The value's own bytes.
    var text: ArraySlice<UInt8> { storage.text[byteRange] }

    var recordHash: RecordHash {
        var hash = SHA256()
        canonicalize { hash.update(bufferPointer: $0) }
        return RecordHash(bytes: Array(hash.finalize().prefix(16)))
    }
}

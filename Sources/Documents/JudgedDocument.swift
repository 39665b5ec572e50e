import Crypto
import JSONText
import Model
import Synchronization

/// A document that fits: its references, and the bodies of its requests made from the sender's own bytes.
package struct JudgedDocument: Sendable {
    package let kind: Kind
    /// What makes it the same as another: the reference that its content gives.
    package let content: String
    /// The reference that it brought, where it is kept.
    package let ownReference: String?

    /// The reference that the bare content gives, without the name or day that the inbox may add.
    package let plainContent: String
    /// What the inbox adds to the content: nothing, the drop's name, or the day.
    package let addition: [UInt8]

    let text: RecordText
    let plan: BatchPlan
    let rules: DocumentRules
    /// What its records are about, where that was found while they were read.
    var knownIdentities: IdentityKeys?
    /// What ``batches`` were made from.
    private let known = KnownBodies()
    /// The places in the file of the records that it still has, from 0; `nil`: all of them.
    var positions: [Int]?

    init(
        _ text: RecordText, _ references: ContentHash.References, ownReference: String?, plan: BatchPlan,
        rules: DocumentRules
    ) {
        self.kind = text.kind
        self.content = references.content
        self.plainContent = references.plain
        self.addition = references.addition
        self.ownReference = ownReference
        self.text = text
        self.plan = plan
        self.rules = rules
    }

    /// The same document with other bodies: under another reference, or with fewer records.
    init(_ document: JudgedDocument, _ text: RecordText, plan: BatchPlan) {
        kind = document.kind
        content = document.content
        plainContent = document.plainContent
        addition = document.addition
        ownReference = document.ownReference
        rules = document.rules
        self.text = text
        self.plan = plan
    }

    package var parts: Int { plan.parts.count }

    /// How many records it has.
    package var records: Int { plan.parts.reduce(0) { $0 + $1.count } }

    /// Whether the bodies depend on the configuration, and not on the sender's bytes alone.
    package var isConverted: Bool { text.isConverted }

    /// Whether its text is in memory.
    package var isHeld: Bool { if case .held = text { true } else { false } }

    /// The requests that it makes, none of them sent so far.
    ///
    /// - Throws: what reading the document again throws where it is not held, ``DocumentHasChanged`` among it. So do
    ///   the others.
    package var batches: [Batch] {
        get throws {
            var held: HeldText?
            let batches = try plan.parts.indices.map { index in
                let reference = Reference.part(index + 1, of: parts, plan.reference)
                let (bytes, hash) = try measuredBody(part: index + 1, reference: reference, &held)
                return Batch(
                    reference: reference, part: index + 1, parts: parts, records: plan.parts[index].count, bytes: bytes,
                    bodyHash: hash)
            }
            known.set(batches.map(\.bodyHash), held)
            return batches
        }
    }

    /// How long the body of a part is, and its SHA-256.
    ///
    /// - Parameter held: set to its records' text where it is a document's only one and may not be made again.
    private func measuredBody(
        part: Int, reference: String, _ held: inout HeldText?
    ) throws -> (bytes: Int64, hash: [UInt8]) {
        guard let long = longBody(part: part, reference: reference) else {
            let body = try body(part: part, reference: reference)
            return (Int64(body.count), Array(SHA256.hash(data: body)))
        }
        let text = long.mayChange && parts == 1 ? HeldText(capacity: Int(long.size)) : nil
        let hash = try long.hash { text?.append($0) }
        held = text
        return (long.length, hash)
    }

    /// A part's body as pieces of what the document is read from; `nil` where it has to be made as a whole.
    private func longBody(part: Int, reference: String) -> LongBody? {
        guard case .windowed(let records) = text, let text = records.text(ofPart: part - 1), !text.isEmpty else {
            return nil
        }
        return LongBody(reference, kind, text, of: records.source)
    }

    /// The body of `batch` in pieces, if it is one of this document's.
    ///
    /// What others may write to could change between two attempts, of which the first may have arrived: such a body is
    /// held for as long as somebody has this.
    ///
    /// - Returns: `nil` where it has to be made as a whole, and where the document is not what it was.
    package func longBody(of batch: Batch) throws -> LongBody? {
        guard known.has(batch.bodyHash, part: batch.part),
            let long = longBody(part: batch.part, reference: batch.reference)
        else { return nil }
        guard long.mayChange else { return long }
        if let held = known.held(hash: batch.bodyHash) { return long.reading(from: held) }
        return try long.ifBody(of: batch)
    }

    /// The body of a batch in pieces of the sender's own text: what an unconverted document's request was made of, whatever
    /// the configuration makes of it by now.
    ///
    /// - Parameter before: how many records of the document are in earlier parts.
    /// - Returns: `nil` where that text does not make this body, and for a document that is held.
    package func originalBody(of batch: Batch, recordsBefore before: Int) throws -> LongBody? {
        guard case .windowed(let records) = text,
            let some = try records.place(of: before..<(before + batch.records))
        else { return nil }
        return try LongBody(batch.reference, kind, batch.parts == 1 ? records.inside : some, of: records.source)
            .ifBody(of: batch)
    }

    /// The body of part `part`, counted from 1, under `reference`.
    package func body(part: Int, reference: String) throws -> [UInt8] {
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        let index = part - 1
        let part = plan.parts[index]
        return try frame.body(around: part.text.count) { try text.append(part, index, to: &$0) }
    }

    /// The body of `batch`, if it is one of this document's.
    ///
    /// - Returns: `nil` where the batch has another body than this document makes under its reference.
    package func body(of batch: Batch) throws -> [UInt8]? {
        guard batch.parts == parts, (1...parts).contains(batch.part) else { return nil }
        if let held = known.held(hash: batch.bodyHash) {
            return longBody(part: batch.part, reference: batch.reference)?.whole(held)
        }
        let body = try body(part: batch.part, reference: batch.reference)
        // What is held cannot change.
        if case .held = text, known.has(batch.bodyHash, part: batch.part) { return body }
        return body.isBody(of: batch) ? body : nil
    }

    /// Those of these `clientReferenceId`s that a record is about.
    package func mentioned(of identities: Set<String>) throws -> Set<String> {
        guard !identities.isEmpty else { return [] }
        var mentioned: Set<String> = []
        try text.forEachRecord { record in
            if let identity = record["clientReferenceId"]?.string, identities.contains(identity) {
                mentioned.insert(identity)
            }
        }
        return mentioned
    }
}

extension [UInt8] {
    /// Whether these bytes are what a batch sends.
    func isBody(of batch: Batch) -> Bool {
        count == Int(batch.bytes) && Array(SHA256.hash(data: self)) == batch.bodyHash
    }
}

/// A request body in pieces.
package struct LongBody: Sendable {
    /// What stands before the records, and behind them.
    package let head: [UInt8]
    /// The records' text in bytes.
    package let size: Int64
    package let tail: [UInt8]
    /// Whether somebody else may write to what it is read from.
    let mayChange: Bool
    /// Whether it is in memory, and always the same.
    package private(set) var isHeld = false
    /// Some of the records' text; fewer bytes where it has become shorter.
    package private(set) var read: @Sendable (_ offset: Int64, _ count: Int) throws -> [UInt8]

    var length: Int64 { Int64(head.count + tail.count) + size }

    /// - Parameter text: where the records stand in `source`.
    fileprivate init(_ reference: String, _ kind: Kind, _ text: Range<Int>, of source: DocumentSource) {
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        head = frame.head + [UInt8(ascii: "[")]
        tail = [UInt8(ascii: "]")] + frame.tail
        size = Int64(text.count)
        mayChange = !source.isOwn
        read = { offset, count in
            let start = text.lowerBound + Int(offset)
            return try source.read(start..<min(text.upperBound, start + count))
        }
    }

    /// It is read once to know, and held where somebody else may write to it.
    ///
    /// - Returns: `nil` where the batch has another body.
    fileprivate func ifBody(of batch: Batch) throws -> LongBody? {
        guard length == batch.bytes else { return nil }
        let held = mayChange ? HeldText(capacity: Int(size)) : nil
        guard try hash({ held?.append($0) }) == batch.bodyHash else { return nil }
        return held.map(reading) ?? self
    }

    /// Its SHA-256.
    ///
    /// - Parameter see: shown the records' text, piece by piece.
    fileprivate func hash(_ see: ([UInt8]) -> Void) throws -> [UInt8] {
        var hash = SHA256()
        hash.update(data: head)
        var offset: Int64 = 0
        while offset < size {
            let bytes = try read(offset, Int(min(1 << 20, size - offset)))
            guard !bytes.isEmpty else { throw DocumentHasChanged() }
            hash.update(data: bytes)
            see(bytes)
            offset += Int64(bytes.count)
        }
        hash.update(data: tail)
        return Array(hash.finalize())
    }

    fileprivate func reading(from text: HeldText) -> LongBody {
        var body = self
        body.isHeld = true
        body.read = { offset, count in text.bytes(Int(offset)..<Int(offset) + count) }
        return body
    }

    fileprivate func whole(_ text: HeldText) -> [UInt8] { head + text.bytes(0..<text.count) + tail }
}

/// The bodies that a document made: the hashes of all, one for each part, and the text of one that may not be made again.
private final class KnownBodies: Sendable {
    private let made = Mutex<(hashes: [[UInt8]], held: HeldText?)>(([], nil))

    /// - Parameter held: the records' text of the only one.
    func set(_ hashes: [[UInt8]], _ held: HeldText?) {
        made.withLock { $0 = (hashes, held) }
    }

    /// - Parameter part: from 1.
    func has(_ hash: [UInt8], part: Int) -> Bool {
        made.withLock { $0.hashes.indices.contains(part - 1) && $0.hashes[part - 1] == hash }
    }

    /// The records' text of the body with this hash, where it is held.
    func held(hash: [UInt8]) -> HeldText? {
        made.withLock { $0.hashes.first == hash ? $0.held : nil }
    }
}

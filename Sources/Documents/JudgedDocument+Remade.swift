import Crypto
import JSONText
import Model

/// A record of a document that was sent, with all that a later document is compared by.
package struct SentRecord: Sendable, Hashable {
    /// The part it is in, from 1.
    package var part: Int
    /// Its place among the records of the file, from 0.
    package var position: Int
    package var hash: RecordHash
    package var key: UInt64
    package var identity: String
}

extension JudgedDocument {
    /// The same content once more, under the reference of another round (contract, section 5, *Back and forth*).
    ///
    /// - Returns: a problem where the longer reference makes a record's body too long.
    package func remade(round: Int) -> Judgement {
        remade(shape, reference: Reference.round(round, content))
    }

    /// The document without records that the API took before: those at some places in the file, and those that are
    /// equal to others, so many of each.
    ///
    /// Its reference covers both the whole and what is left: what is left may be equal to a document that was accepted
    /// long ago, and has to be sent nevertheless.
    ///
    /// - Returns: `nil` where nothing is left, and which records were left out.
    package func leavingOut(
        _ taken: [RecordHash: [AcceptedRecord]], at positions: [Int: AcceptedRecord], round: Int
    ) -> (rest: Judgement?, leftOut: [AcceptedRecord]) {
        guard let array = shape.array else { return (.document(self), []) }
        var taken = taken
        var leftOut: [AcceptedRecord] = []
        var kept: [(position: Int, text: Range<Int>)] = []
        for (position, record) in array.elements.enumerated() {
            if let known = positions[position] ?? taken[record.recordHash]?.popLast() {
                leftOut.append(known)
            } else {
                kept.append((position, record.byteRange))
            }
        }
        if leftOut.isEmpty { return (round == 1 ? .document(self) : remade(round: round), []) }
        if kept.isEmpty { return (nil, leftOut) }
        var text = Array("{\"\(shape.arrayName)\":[".utf8)
        for (index, record) in kept.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += shape.text(record.text)
        }
        text += [UInt8(ascii: "]"), UInt8(ascii: "}")]
        guard case .document(var rest) = remade(ofRest: text, round: round) else {
            return (remade(ofRest: text, round: round), leftOut)
        }
        rest.positions = kept.map(\.position)
        return (.document(rest), leftOut)
    }

    private func remade(ofRest text: [UInt8], round: Int) -> Judgement {
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
            var hash = SHA256()
            hash.update(data: Array(content.utf8) + [0])
            rest.array?.canonicalize { hash.update(bufferPointer: $0) }
            return remade(rest, reference: Reference.round(round, ContentHash.derived(kind, hash.finalize())))
        }
    }

    /// A reference of the sender's own stays what it is.
    private func remade(_ shape: DocumentShape, reference: String) -> Judgement {
        guard let array = shape.array else { return .document(self) }
        switch BatchPlan.make(shape, array, reference: ownReference ?? reference, rules) {
        case .success(let plan): return .document(JudgedDocument(self, shape: shape, plan: plan))
        case .failure(let unfit): return .problem(kind, unfit.problem)
        }
    }

    /// What its records are compared by.
    package var recordHashes: Set<RecordHash> { Set(shape.array?.elements.lazy.map(\.recordHash) ?? []) }

    /// Its records, for a document that went through in part.
    package var sentRecords: [SentRecord] {
        guard let array = shape.array else { return [] }
        var part = PartCounter(plan)
        return array.elements.enumerated().map { index, record in
            SentRecord(
                part: part.next(), position: positions?[index] ?? index, hash: record.recordHash,
                key: JudgedDocument.key(of: record, kind) ?? 0,
                identity: JudgedDocument.identity(of: record, kind) ?? "")
        }
    }
}

extension JudgedDocument {
    /// The records of a body that was sent, each as if the body were a file of its own.
    package static func records(ofBody body: [UInt8], _ kind: Kind) -> [SentRecord] {
        guard let document = try? JSONDocument(parsing: body, maximumDepth: XMLReader.maximumDepth + 8),
            let array = document.root[kind.arrayName ?? ""]
        else { return [] }
        return array.elements.enumerated().map { index, record in
            SentRecord(
                part: 1, position: index, hash: record.recordHash, key: key(of: record, kind) ?? 0,
                identity: identity(of: record, kind) ?? "")
        }
    }
}

extension JSONValue {
    var recordHash: RecordHash {
        var hash = SHA256()
        canonicalize { hash.update(bufferPointer: $0) }
        return RecordHash(bytes: Array(hash.finalize().prefix(16)))
    }
}

import JSONText
import Model

/// How a document is cut into request bodies: between records, and only where it is over a limit.
struct BatchPlan: Sendable {
    /// The records of one body: which of the document's they are, and where they stand in the records' text, one
    /// behind the other.
    struct Part: Sendable, Hashable {
        let records: Range<Int>
        let text: Range<Int>

        var count: Int { records.count }
    }

    let parts: [Part]
    let reference: String

    /// Room for `-rN` and `-KofN` behind a reference, and for the array's brackets.
    static let suffixRoom = 42

    static func make(
        _ shape: DocumentShape, _ array: JSONValue, reference: String, _ rules: DocumentRules
    ) -> Result<BatchPlan, Unfit> {
        if let plan = whole(shape.kind, array.insideRange, count: array.count, reference: reference, rules) {
            return .success(plan)
        }
        let room = room(shape.kind, reference: reference, rules)
        var records = RecordSpans()
        for record in array.elements {
            if record.byteRange.count > room {
                let large = LargeRecord(record, index: records.count, in: shape)
                return .failure(Unfit(problem: large.problem(shape.kind, rules)))
            }
            records.append(record.byteRange)
        }
        return .success(cut(records, room: room, reference: reference, rules))
    }

    /// The plan of a document that is within the limits: one body, the text between the array's brackets as it stands.
    ///
    /// - Parameter room: how many bytes of the limit stay free.
    static func whole(
        _ kind: Kind, _ inside: Range<Int>, count: Int, reference: String, _ rules: DocumentRules, sparing room: Int = 0
    ) -> BatchPlan? {
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        let bytes = frame.length + inside.count + 2 + room
        guard bytes <= rules.bodyBytes, count <= rules.bodyRecords ?? .max else { return nil }
        return BatchPlan(parts: [Part(records: 0..<count, text: inside)], reference: reference)
    }

    /// How many bytes of records a part's body may have.
    static func room(_ kind: Kind, reference: String, _ rules: DocumentRules) -> Int {
        rules.bodyBytes - BodyFrame(reference: reference, arrayName: kind.arrayName ?? "").length - suffixRoom
    }

    /// Parts of near equal size, as few as the limits allow, and at least one.
    static func cut(_ records: RecordSpans, room: Int, reference: String, _ rules: DocumentRules) -> BatchPlan {
        let most = min(rules.bodyRecords ?? .max, max(1, records.count))
        var count = max(1, (records.length + room - 1) / room, (records.count + most - 1) / most)
        while true {
            if let parts = cut(records, into: count, room: room, most: most) {
                return BatchPlan(parts: parts, reference: reference)
            }
            count += 1
        }
    }

    /// - Returns: `nil` where `count` parts do not hold everything.
    private static func cut(_ records: RecordSpans, into count: Int, room: Int, most: Int) -> [Part]? {
        var parts: [Part] = []
        var first = 0
        var index = 0
        var (origin, start, end) = (0, 0, 0)
        for record in records {
            if index == 0 { (origin, start) = (record.lowerBound, record.lowerBound) }
            if index > first {
                let isFull = record.upperBound - start > room || index - first >= most
                // Where the parts so far should end, by size and by number, if all were equal.
                let isBehindShare =
                    record.lowerBound - origin + record.count / 2 > records.length * (parts.count + 1) / count
                    && parts.count + 1 < count
                if isFull || isBehindShare {
                    parts.append(Part(records: first..<index, text: start..<end))
                    (first, start) = (index, record.lowerBound)
                    if parts.count == count { return nil }
                }
            }
            end = record.upperBound
            index += 1
        }
        if index > first || parts.isEmpty { parts.append(Part(records: first..<index, text: start..<end)) }
        return parts
    }
}

/// A record that alone is over the limit of a request.
struct LargeRecord: Sendable {
    let index: Int
    let bytes: Int
    private let position: JSONPosition
    private let identity: String?

    init(index: Int, bytes: Int, position: JSONPosition, identity: String? = nil) {
        (self.index, self.bytes, self.position, self.identity) = (index, bytes, position, identity)
    }

    /// - Parameters:
    ///   - index: where the record stands in `shape`.
    ///   - first: how many records of the document stand before those of `shape`.
    init(_ record: JSONValue, index: Int, in shape: DocumentShape, first: Int = 0) {
        self.init(
            index: first + index, bytes: record.byteRange.count,
            position: shape.position(ofByte: record.byteRange.lowerBound), identity: shape.identity(ofRecord: index))
    }

    /// What is said first of a record, by its place.
    static func title(_ index: Int) -> String { "Record \(index + 1) alone is over the size limit of a request" }

    func problem(_ kind: Kind, _ rules: DocumentRules) -> Problem {
        let limit =
            (rules.longestRecord..<rules.bodyBytes).contains(bytes)
            ? "at most \(rules.longestRecord) can be held (limits.memory)"
            : "a request may have \(rules.bodyBytes), with what stands around the record"
        let message = "the record has \(bytes) bytes; \(limit)"
        return Problem(
            .sizeRecord, LargeRecord.title(index),
            findings: [
                Finding(
                    pointer: "/\(kind.arrayName ?? "")/\(index)", line: position.line, column: position.column,
                    message: message, record: identity)
            ])
    }
}

/// What stands around the records in a request's body.
struct BodyFrame {
    let head: [UInt8]
    let tail: [UInt8]

    init(reference: String, arrayName: String) {
        var head = Array("{\"batchReferenceId\":".utf8)
        head.appendJSONString(reference)
        head += Array(",\"\(arrayName)\":".utf8)
        self.head = head
        tail = [UInt8(ascii: "}")]
    }

    var length: Int { head.count + tail.count }
}

import JSONText
import Model

/// How a document is cut into request bodies: between records, and only where it is over a limit.
struct BatchPlan: Sendable {
    /// The records of one body: how many, and where they stand in the body's text, one behind the other.
    struct Part: Sendable, Hashable {
        let count: Int
        let text: Range<Int>
    }

    let parts: [Part]
    let reference: String

    /// Room for `-rN` and `-KofN` behind a reference, and for the array's brackets.
    private static let suffixRoom = 42

    static func make(
        _ shape: DocumentShape, _ array: JSONValue, reference: String, _ rules: DocumentRules
    ) -> Result<BatchPlan, Unfit> {
        let frame = BodyFrame(reference: reference, arrayName: shape.arrayName)
        let inside = (array.byteRange.lowerBound + 1)..<(array.byteRange.upperBound - 1)
        if frame.length + array.byteRange.count <= rules.bodyBytes && array.count <= rules.bodyRecords ?? .max {
            return .success(BatchPlan(parts: [Part(count: array.count, text: inside)], reference: reference))
        }
        let room = rules.bodyBytes - frame.length - suffixRoom
        var records: [Range<Int>] = []
        records.reserveCapacity(array.count)
        for record in array.elements {
            if record.byteRange.count > room {
                return .failure(tooLarge(record, records.count, shape, rules))
            }
            records.append(record.byteRange)
        }
        let parts = cut(records, room: room, most: min(rules.bodyRecords ?? .max, max(1, records.count)))
        return .success(BatchPlan(parts: parts, reference: reference))
    }

    /// Parts of near equal size, as few as the limits allow.
    private static func cut(_ records: [Range<Int>], room: Int, most: Int) -> [Part] {
        guard let first = records.first, let last = records.last else { return [] }
        let total = last.upperBound - first.lowerBound
        var count = max(1, (total + room - 1) / room, (records.count + most - 1) / most)
        while true {
            if let parts = cut(records, into: count, total: total, room: room, most: most) { return parts }
            count += 1
        }
    }

    /// - Returns: `nil` where `count` parts do not hold everything.
    private static func cut(_ records: [Range<Int>], into count: Int, total: Int, room: Int, most: Int) -> [Part]? {
        var parts: [Part] = []
        var first = 0
        let origin = records[0].lowerBound
        for (index, record) in records.enumerated() where index > first {
            let start = records[first].lowerBound
            let isFull = record.upperBound - start > room || index - first >= most
            // Where the parts so far should end, by size and by number, if all were equal.
            let isBehindShare =
                record.lowerBound - origin + record.count / 2 > total * (parts.count + 1) / count
                && parts.count + 1 < count
            guard isFull || isBehindShare else { continue }
            parts.append(Part(count: index - first, text: start..<records[index - 1].upperBound))
            first = index
        }
        parts.append(
            Part(
                count: records.count - first,
                text: records[first].lowerBound..<records[records.count - 1].upperBound))
        return parts.count <= count ? parts : nil
    }

    private static func tooLarge(
        _ record: JSONValue, _ index: Int, _ shape: DocumentShape, _ rules: DocumentRules
    ) -> Unfit {
        let position = shape.position(ofByte: record.byteRange.lowerBound)
        let message = "the record has \(record.byteRange.count) bytes; a request may have \(rules.bodyBytes)"
        return Unfit(
            problem: Problem(
                .sizeRecord, "Record \(index + 1) alone is over the size limit of a request",
                findings: [
                    Finding(
                        pointer: "/\(shape.arrayName)/\(index)", line: position.line, column: position.column,
                        message: message, record: shape.identity(ofRecord: index))
                ]))
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

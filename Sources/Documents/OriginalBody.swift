import JSONText
import Model

/// The body of a batch from the sender's own file: what an unconverted document's request was made of, whatever the
/// configuration makes of the file by now.
package enum OriginalBody {
    /// - Parameter before: how many records of the document are in earlier parts.
    /// - Returns: `nil` where the file does not make this body.
    package static func make(
        _ text: [UInt8], _ kind: Kind, _ batch: Batch, recordsBefore before: Int
    ) -> [UInt8]? {
        guard let document = try? JSONDocument(parsing: text),
            case .success(let shape) = DocumentShape.read(document, configured: kind),
            let array = shape.array, array.kind == .array, before + batch.records <= array.count
        else { return nil }
        let range: Range<Int>
        if batch.parts == 1 {
            range = array.insideRange
        } else {
            let records = array.elements.dropFirst(before).prefix(batch.records).map(\.byteRange)
            guard let first = records.first, let last = records.last else { return nil }
            range = first.lowerBound..<last.upperBound
        }
        let body = BodyFrame(reference: batch.reference, arrayName: shape.arrayName).body(around: range.count) {
            $0 += shape.text(range)
        }
        return body.isBody(of: batch) ? body : nil
    }
}

extension BodyFrame {
    /// The whole body around the records' text, which has about so many bytes.
    func body(around count: Int, _ append: (inout [UInt8]) throws -> Void) rethrows -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(length + count + 2)
        body += head
        body.append(UInt8(ascii: "["))
        try append(&body)
        body.append(UInt8(ascii: "]"))
        body += tail
        return body
    }
}

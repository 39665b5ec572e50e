import JSONText
import Model

/// Renames fields and sets constants in the records of a JSON document; everything else is copied as it stands.
struct JSONMapping {
    private var json: [UInt8] = []
    private var map: OffsetMap

    /// The converted text and its map, or the place where a field gets the name of another that is there.
    static func convert(_ shape: DocumentShape, _ fields: FieldMapping) -> Result<ConvertedText, Unfit> {
        var mapping = JSONMapping(map: OffsetMap(lines: LineStarts(shape.source.text)))
        if let unfit = mapping.write(shape, fields) { return .failure(unfit) }
        return .success(ConvertedText(json: mapping.json, map: .offsets(mapping.map)))
    }

    private mutating func write(_ shape: DocumentShape, _ fields: FieldMapping) -> Unfit? {
        json.append(UInt8(ascii: "{"))
        var isFirst = true
        for member in shape.body.members {
            separate(&isFirst)
            // Around a bare array there is no key in the sender's own text.
            mark(member.key.byteRange.lowerBound, shape)
            json.appendJSONString(member.key.string)
            json.append(UInt8(ascii: ":"))
            if member.key.string == shape.arrayName, member.value.kind == .array {
                if let unfit = write(records: member.value, shape, fields) { return unfit }
            } else {
                copy(member.value.byteRange, shape)
            }
        }
        json.append(UInt8(ascii: "}"))
        return nil
    }

    private mutating func write(records: JSONValue, _ shape: DocumentShape, _ fields: FieldMapping) -> Unfit? {
        mark(records.byteRange.lowerBound, shape)
        json.append(UInt8(ascii: "["))
        var isFirst = true
        var index = 0
        for record in records.elements {
            separate(&isFirst)
            if record.kind == .object {
                if let unfit = write(record: record, index, shape, fields) { return unfit }
            } else {
                copy(record.byteRange, shape)
            }
            index += 1
        }
        json.append(UInt8(ascii: "]"))
        return nil
    }

    private mutating func write(
        record: JSONValue, _ index: Int, _ shape: DocumentShape, _ fields: FieldMapping
    ) -> Unfit? {
        mark(record.byteRange.lowerBound, shape)
        json.append(UInt8(ascii: "{"))
        var isFirst = true
        /// By the new name's bytes, for two spellings of one character are two names: the sender's field that has it.
        var owners: [[UInt8]: JSONMember] = [:]
        for member in record.members {
            let key = member.key.string
            guard let name = fields.name(of: key) else { continue }
            if let owner = owners.updateValue(member, forKey: Array(name.utf8)) {
                return collision(owner, member, name, index, shape)
            }
            separate(&isFirst)
            mark(member.key.byteRange.lowerBound, shape)
            json.appendJSONString(name)
            json.append(UInt8(ascii: ":"))
            copy(member.value.byteRange, shape)
        }
        for (name, literal) in fields.constantsInOrder {
            separate(&isFirst)
            mark(record.byteRange.lowerBound, shape)
            json.appendJSONString(name)
            json.append(UInt8(ascii: ":"))
            json.append(contentsOf: literal.utf8)
        }
        json.append(UInt8(ascii: "}"))
        return nil
    }

    private func collision(
        _ first: JSONMember, _ second: JSONMember, _ name: String, _ index: Int, _ shape: DocumentShape
    ) -> Unfit {
        // It is shown at a field that is mapped, which one of them is.
        let (member, other) = second.key == name ? (first, second) : (second, first)
        let position = shape.position(ofByte: member.key.byteRange.lowerBound)
        let message = FieldMapping.collision(member.key.string, other.key.string, name)
        return Unfit(
            problem: Problem(
                .schemaJSON, FieldMapping.collisionTitle,
                findings: [
                    Finding(
                        pointer: JSONPointer(tokens: [shape.arrayName, String(index), member.key.string]).description,
                        line: position.line, column: position.column, message: message,
                        record: shape.identity(ofRecord: index))
                ]))
    }

    private mutating func separate(_ isFirst: inout Bool) {
        if !isFirst { json.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private mutating func mark(_ offset: Int, _ shape: DocumentShape) {
        map.append(converted: json.count, original: shape.sourceOffset(ofByte: offset))
    }

    private mutating func copy(_ range: Range<Int>, _ shape: DocumentShape) {
        mark(range.lowerBound, shape)
        json.append(contentsOf: shape.text(range))
    }
}

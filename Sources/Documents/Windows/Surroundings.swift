import JSONText

/// Where a text that is held belongs in the document that it is a part of.
enum Surroundings: Sendable {
    /// Some records, behind a head on the same line that is not the sender's.
    case window(TextMark, head: Int)
    /// What is around the records.
    case skeleton(Skeleton)

    /// A place in the document, which is `place` in the part, at its byte `byte`.
    func position(of place: JSONPosition, byte: Int) -> JSONPosition {
        switch self {
        case .skeleton(let skeleton): skeleton.position(ofByte: byte)
        case .window(let mark, let head):
            mark.position(
                of: place.line == 1 ? JSONPosition(line: 1, column: max(1, place.column - head)) : place)
        }
    }
}

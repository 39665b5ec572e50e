/// The text of an XML document in UTF-8, read and decoded piece by piece.
final class XMLPieces {
    private let source: DocumentSource
    private let decoder: XMLDecoder
    private let pieceBytes: Int
    private var offset: Int
    private var isOver = false

    /// The bytes that were read end inside a character.
    var isCut: Bool { decoder.isCut }

    init(_ source: DocumentSource, _ encoding: XMLEncoding, pieceBytes: Int) throws(Unfit) {
        self.source = source
        self.pieceBytes = pieceBytes
        offset = encoding.contentStart
        decoder = try XMLDecoder(encoding)
    }

    /// The next piece, not empty; `nil` at the end.
    ///
    /// - Throws: what reading throws, and ``Unfit`` where the bytes are not in their encoding.
    func next() throws -> [UInt8]? {
        while offset < source.size {
            let bytes = try source.read(offset..<min(source.size, offset + pieceBytes))
            // Shorter than it was: that is found out when the file is looked at again.
            if bytes.isEmpty { break }
            offset += bytes.count
            let text = try decoder.decode(bytes)
            if !text.isEmpty { return text }
        }
        offset = source.size
        guard !isOver else { return nil }
        isOver = true
        let text = try decoder.finish()
        return text.isEmpty ? nil : text
    }
}

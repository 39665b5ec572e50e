/// The text of a document that is not held: it is read where and when it is needed.
package struct DocumentSource: Sendable {
    /// The text's length in bytes.
    package let size: Int
    /// The bytes of a range within the text; fewer where it has become shorter.
    package let read: @Sendable (Range<Int>) throws -> [UInt8]

    package init(size: Int, read: @escaping @Sendable (Range<Int>) throws -> [UInt8]) {
        self.size = size
        self.read = read
    }
}

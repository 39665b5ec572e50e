/// The text of a document that is not held: it is read where and when it is needed.
package struct DocumentSource: Sendable {
    /// The text's length in bytes.
    package let size: Int
    /// The bytes of a range within the text; fewer where it has become shorter.
    package let read: @Sendable (Range<Int>) throws -> [UInt8]
    /// Whether nobody but the service can write to it.
    package let isOwn: Bool

    package init(size: Int, isOwn: Bool = false, read: @escaping @Sendable (Range<Int>) throws -> [UInt8]) {
        self.size = size
        self.isOwn = isOwn
        self.read = read
    }
}

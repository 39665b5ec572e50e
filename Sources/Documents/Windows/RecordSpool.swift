/// Where converted records are kept that are too many to be held: a text that grows at its end and is read anywhere.
package struct RecordSpool: Sendable {
    /// Puts bytes behind all others. It throws where it cannot, for a reason of this machine.
    package let append: @Sendable ([UInt8]) throws -> Void
    /// The bytes of a range, all of them: it throws where it cannot.
    package let read: @Sendable (Range<Int>) throws -> [UInt8]

    package init(
        append: @escaping @Sendable ([UInt8]) throws -> Void,
        read: @escaping @Sendable (Range<Int>) throws -> [UInt8]
    ) {
        self.append = append
        self.read = read
    }
}

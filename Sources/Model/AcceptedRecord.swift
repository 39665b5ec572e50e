/// A record that the API took with an earlier document, as a result names it.
package struct AcceptedRecord: Sendable, Hashable, Codable {
    /// Its identity.
    package var record: String
    /// The reference it was taken under.
    package var reference: String

    package init(record: String, reference: String) {
        self.record = record
        self.reference = reference
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("record", record)
            $0.member("reference", reference)
        }
    }
}

/// What makes a record equal to another: 16 bytes of the SHA-256 of its canonical form.
package struct RecordHash: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

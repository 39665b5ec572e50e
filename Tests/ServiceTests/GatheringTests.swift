import Model
import Testing

@testable import Service

/// What goes into one request of several documents.
@Suite struct GatheringTests {
    private static let limits = Gathering.Limits(records: 10, bytes: 100)

    /// A document, and whether it goes in after those before it.
    private struct Document {
        var records: Int
        var bytes: Int
        var keys: [String]
        var isTaken: Bool

        init(_ records: Int, _ bytes: Int, _ keys: String..., isTaken: Bool) {
            (self.records, self.bytes, self.keys, self.isTaken) = (records, bytes, keys, isTaken)
        }
    }

    private func check(_ documents: [Document]) -> Gathering {
        var gathering = Gathering(Self.limits)
        for (index, document) in documents.enumerated() {
            let keys = IdentityKeys(document.keys.map { IdentityKeys.key(clientReferenceId: $0) })
            let isTaken = gathering.take(records: document.records, bytes: document.bytes, keys)
            #expect(isTaken == document.isTaken, "document \(index)")
        }
        return gathering
    }

    @Test func itTakesDocumentsUpToItsLimits() {
        let gathering = check([
            Document(9, 50, "a", isTaken: true),
            // Too many records; then too long, with the comma before it.
            Document(2, 10, "b", isTaken: false),
            Document(1, 49, "b", isTaken: false),
            Document(1, 48, "b", isTaken: true),
            Document(0, 1, "c", isTaken: false),
        ])
        #expect(gathering.isFull && gathering.drops == 2)
    }

    @Test func noIdentityIsInItTwice() {
        let gathering = check([
            Document(2, 10, "a", "b", isTaken: true),
            Document(2, 10, "b", "c", isTaken: false),
            // One that was not taken leaves nothing behind.
            Document(1, 10, "c", isTaken: true),
        ])
        #expect(!gathering.isFull && gathering.drops == 2)
    }

    @Test(arguments: [
        (1, 0, 1000, false), (1000, 0, 1000, false), (1001, 0, 1000, true), (1, 999, 1000, false),
        (1, 1000, 1000, true),
        (2, 999, 1000, true), (0, 2000, 1000, false), (1_000_000, 0, nil, false),
    ])
    func aBacklogIsMoreThanTheRateCanCarry(waiting: Int, used: Int, limit: Int?, isBacklog: Bool) {
        #expect(Gathering.isBacklog(waiting: waiting, used: used, limit: limit) == isBacklog)
    }
}

import Delivery
import Model
import Testing

@testable import Service

/// One status for documents that share a request: to each what is said of its own records.
@Suite struct SharedStatusTests {
    private static func batch(_ place: Int, first: Int, records: Int) -> Batch {
        Batch(
            reference: "account-1", records: records, bytes: 1, bodyHash: [1], state: .accepted,
            joined: JointPlace(
                joint: 1, place: place, firstRecord: first, drops: 2, records: 3, bytes: 3, ownReference: "account-2",
                ownHash: [2]))
    }

    private let first = batch(1, first: 0, records: 2)
    private let second = batch(2, first: 2, records: 1)
    private let records = [["A-1"], ["A-2"], ["B-1"]]

    private func status(_ names: [String?], refused: Int...) -> Delivery.Confirmation {
        let refusals = refused.map { RecordRefusal(index: $0, identity: names[$0], word: "Rejected", message: "why") }
        return Confirmation.listed(RecordList(names: names, refused: refusals)).matched(with: records)
    }

    @Test func aRecordThatIsListedAloneIsItsOwnDocuments() {
        let word = status(["B-1"], refused: 0)
        #expect(word.part(of: first) == .completed)
        #expect(
            word.part(of: second)
                == .refused([RecordRefusal(index: 0, identity: "B-1", word: "Rejected", message: "why")]))
    }

    @Test func anotherOrderIsSeenThrough() {
        let word = status(["B-1", "A-2", "A-1"], refused: 1)
        #expect(
            word.part(of: first)
                == .refused([RecordRefusal(index: 1, identity: "A-2", word: "Rejected", message: "why")]))
        #expect(word.part(of: second) == .completed)
    }

    /// Nobody is told another's words.
    @Test func whatIsNobodysIsInDoubtForAll() {
        let word = status([nil], refused: 0)
        for batch in [first, second] { #expect(word.part(of: batch) == .unclear([])) }
    }
}

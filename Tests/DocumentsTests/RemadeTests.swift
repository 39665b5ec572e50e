import Documents
import Model
import Testing

/// Documents under another reference, and without records that were accepted before.
@Suite struct RemadeTests {
    private func payments(_ amounts: [Int]) -> String {
        let records = amounts.map { #"{"clientReferenceId": "I-\#($0)", "amount": \#($0)}"# }
        return "{\"payments\": [\(records.joined(separator: ", "))]}"
    }

    private func document(_ text: String, records: Int? = nil) throws -> JudgedDocument {
        try #require(try Judging.judge(bodyRecords: records).json(text).document)
    }

    private func taken(_ document: JudgedDocument, where isTaken: (SentRecord) -> Bool) -> [RecordHash:
        [AcceptedRecord]]
    {
        var taken: [RecordHash: [AcceptedRecord]] = [:]
        for record in document.sentRecords where isTaken(record) {
            taken[record.hash, default: []].append(AcceptedRecord(record: record.identity, reference: "R"))
        }
        return taken
    }

    @Test func aRoundStandsBeforeThePartAndChangesNothingElse() throws {
        let document = try document(payments([1, 2, 3]), records: 2)
        let again = try #require(document.remade(round: 3).document)
        #expect(again.content == document.content)
        #expect(again.batches.map(\.reference) == ["\(document.content)-r3-1of2", "\(document.content)-r3-2of2"])
        #expect(again.body(part: 1, reference: "X") == document.body(part: 1, reference: "X"))
        #expect(Reference.isDerived("\(document.content)-r3-1of2"))
    }

    @Test func recordsAreLeftOutAsOftenAsTheyWereTaken() throws {
        let first = try document(payments([1, 1, 2, 3]))
        let second = try document(payments([9, 3, 1, 1, 1, 2]))
        let (rest, leftOut) = second.leavingOut(taken(first) { $0.identity != "I-3" }, at: [:], round: 1)
        let document = try #require(rest?.document)
        #expect(leftOut.map(\.record) == ["I-1", "I-1", "I-2"])
        #expect(document.sentRecords.map(\.identity) == ["I-9", "I-3", "I-1"])
        #expect(document.sentRecords.map(\.position) == [0, 1, 4])
        #expect(document.content == second.content, "it is known as the whole document")
        #expect(document.identities != second.identities && document.identities.count == 3)
    }

    @Test func whatIsLeftHasAReferenceOfItsOwn() throws {
        let first = try document(payments([1, 2]))
        let second = try document(payments([1, 2, 3]))
        let alone = try document(payments([3]))
        let rest = try #require(second.leavingOut(taken(first) { _ in true }, at: [:], round: 1).rest?.document)
        let reference = try #require(rest.batches.first?.reference)
        #expect(reference != alone.content && reference != second.content && Reference.isDerived(reference))
        let later = try #require(second.leavingOut(taken(first) { _ in true }, at: [:], round: 2).rest?.document)
        #expect(later.batches.first?.reference == "\(reference)-r2")
    }

    @Test func byPlaceTheyAreLeftOutWhateverTheyAre() throws {
        let document = try document(payments([1, 2, 3]))
        let (rest, leftOut) = document.leavingOut(
            [:], at: [0: AcceptedRecord(record: "a", reference: "R"), 2: AcceptedRecord(record: "b", reference: "R")],
            round: 1)
        #expect(leftOut.map(\.record) == ["a", "b"])
        #expect(rest?.document?.sentRecords.map(\.identity) == ["I-2"])
    }

    @Test func nothingIsLeftOfADocumentThatWasTakenWhole() throws {
        let document = try document(payments([1, 2]))
        let (rest, leftOut) = document.leavingOut(taken(document) { _ in true }, at: [:], round: 1)
        #expect(rest == nil && leftOut.count == 2)
    }

    @Test(arguments: [nil, 2]) func theSendersFileMakesItsBodiesAgain(records: Int?) throws {
        let text = "  " + payments([1, 2, 3]).replacing("[", with: "[  ")
        let batches = try document(text, records: records).batches
        var before = 0
        for batch in batches {
            let body = OriginalBody.make(Array(text.utf8), .payment, batch, recordsBefore: before)
            #expect(body?.count == Int(batch.bytes))
            #expect(
                OriginalBody.make(Array(payments([1, 2, 4, 5]).utf8), .payment, batch, recordsBefore: before) == nil
                    || before == 0 && batch.parts > 1)
            before += batch.records
        }
    }

    @Test func identitiesAreThoseOfTheParts() throws {
        let document = try document(payments([1, 2, 3]), records: 2)
        func keys(_ numbers: Int...) -> IdentityKeys {
            IdentityKeys(numbers.map { IdentityKeys.key(clientReferenceId: "I-\($0)") })
        }
        #expect(document.identities == keys(1, 2, 3))
        #expect(document.identities(ofParts: { $0 == 2 }) == keys(3))
        let claims = try #require(
            try Judging.judge().json(
                #"{"thirdPartyClaims": [{"claimNumber": "I-1", "status": "x"}, {"claimNumber": "9", "clientReferenceId": "I-1", "status": "x"}]}"#
            ).document)
        #expect(claims.identities.count == 2, "a claim's number is no clientReferenceId")
        #expect(claims.identities.meets(keys(1)))
    }
}

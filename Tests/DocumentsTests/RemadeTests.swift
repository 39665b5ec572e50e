import Documents
import Model
import Testing

/// Documents under another reference, and without records that were accepted before.
@Suite struct RemadeTests {
    private func payments(_ amounts: [Int]) -> String {
        let records = amounts.map { #"{"clientReferenceId": "I-\#($0)", "amount": \#($0)}"# }
        return "{\"payments\": [\(records.joined(separator: ", "))]}"
    }

    /// - Parameter inWindows: read as a document that cannot be held is.
    private func document(_ text: String, records: Int? = nil, inWindows: Bool = false) throws -> JudgedDocument {
        let judge = try Judging.judge(bodyRecords: records)
        guard inWindows else { return try #require(judge.json(text).document) }
        let bytes = Array(text.utf8)
        let source = DocumentSource(size: bytes.count) { Array(bytes[$0]) }
        return try #require(try judge.judge(source, origin: Judging.origin, windowBytes: 1).document)
    }

    private func leavingOut(
        _ document: JudgedDocument, _ taken: [RecordHash: [AcceptedRecord]], at places: [Int: AcceptedRecord] = [:],
        round: Int = 1
    ) throws -> (rest: JudgedDocument?, leftOut: [AcceptedRecord]) {
        let (rest, leftOut) = try document.leavingOut(taken, at: places, round: round) { MemorySpool().spool }
        return (rest?.document, leftOut)
    }

    /// The records of all its bodies.
    private func sent(_ document: JudgedDocument) throws -> String {
        try document.batches.map { batch in
            let body = String(decoding: try document.body(part: batch.part, reference: "R"), as: UTF8.self)
            return String(body[body.firstIndex(of: "[")!...].dropLast())
        }.joined()
    }

    private func taken(_ document: JudgedDocument, where isTaken: (SentRecord) -> Bool) throws -> [RecordHash:
        [AcceptedRecord]]
    {
        var taken: [RecordHash: [AcceptedRecord]] = [:]
        for record in try document.sentRecords where isTaken(record) {
            taken[record.hash, default: []].append(AcceptedRecord(record: record.identity, reference: "R"))
        }
        return taken
    }

    @Test(arguments: [false, true]) func aRoundStandsBeforeThePartAndChangesNothingElse(inWindows: Bool) throws {
        let document = try document(payments([1, 2, 3]), records: 2, inWindows: inWindows)
        let again = try #require(document.remade(round: 3).document)
        #expect(again.content == document.content)
        #expect(try again.batches.map(\.reference) == ["\(document.content)-r3-1of2", "\(document.content)-r3-2of2"])
        #expect(try again.body(part: 1, reference: "X") == document.body(part: 1, reference: "X"))
        #expect(Reference.isDerived("\(document.content)-r3-1of2"))
    }

    /// However near to the limit of a request it is.
    @Test(arguments: [false, true]) func anotherRoundIsWithinTheLimitToo(inWindows: Bool) throws {
        let text = Array(payments([1, 2, 3]).utf8)
        let length = try #require(try document(payments([1, 2, 3])).batches.first).bytes
        for bodyBytes in Int(length)...Int(length) + 50 {
            let judge = try Judging.judge(bodyBytes: bodyBytes)
            let judgement =
                inWindows
                ? try judge.judge(DocumentSource(held: text), origin: Judging.origin, windowBytes: 1)
                : judge.judge(text, form: .json, origin: Judging.origin)
            let document = try #require(judgement.document)
            let again = try #require(document.remade(round: 12).document)
            for batch in try document.batches + again.batches { #expect(batch.bytes <= bodyBytes) }
            #expect(again.records == 3)
        }
    }

    /// What cannot be cut is sent as long as it fits.
    @Test(arguments: [false, true], [nil, "RUN"]) func oneRecordGoesWhileItFits(inWindows: Bool, own: String?) throws {
        var text = payments([1])
        if let own { text = #"{"batchReferenceId": "\#(own)", "# + text.dropFirst() }
        let length = Int(try #require(try document(text).batches.first).bytes)
        for (room, fits) in [(0, own != nil), (2, own != nil), (3, true), (50, true)] {
            let judge = try Judging.judge(bodyBytes: length + room)
            let judgement =
                inWindows
                ? try judge.judge(DocumentSource(held: Array(text.utf8)), origin: Judging.origin, windowBytes: 1)
                : judge.json(text)
            let document = try #require(judgement.document)
            #expect(try document.batches.map(\.bytes) == [Int64(length)])
            let again = document.remade(round: 2)
            #expect(again.problem?.code == (fits ? nil : .sizeRecord))
            #expect(again.problem?.findings.map(\.pointer) == (fits ? nil : ["/payments/0"]))
        }
    }

    @Test(arguments: [false, true]) func recordsAreLeftOutAsOftenAsTheyWereTaken(inWindows: Bool) throws {
        let first = try document(payments([1, 1, 2, 3]))
        let second = try document(payments([9, 3, 1, 1, 1, 2]), records: 2, inWindows: inWindows)
        let (rest, leftOut) = try leavingOut(second, taken(first) { $0.identity != "I-3" })
        let document = try #require(rest)
        #expect(leftOut.map(\.record) == ["I-1", "I-1", "I-2"])
        #expect(try document.sentRecords.map(\.identity) == ["I-9", "I-3", "I-1"])
        #expect(try document.sentRecords.map(\.position) == [0, 1, 4])
        #expect(try document.batches.map(\.records) == [2, 1])
        #expect(document.content == second.content, "it is known as the whole document")
        #expect(try document.identities != second.identities && document.identities.count == 3)
        let records = [9, 3, 1].map { #"{"clientReferenceId": "I-\#($0)", "amount": \#($0)}"# }
        #expect(try sent(document) == "[\(records[0]),\(records[1])][\(records[2])]")
    }

    @Test(arguments: [false, true]) func whatIsLeftHasAReferenceOfItsOwn(inWindows: Bool) throws {
        let first = try document(payments([1, 2]))
        let second = try document(payments([1, 2, 3]), inWindows: inWindows)
        let alone = try document(payments([3]))
        let rest = try #require(try leavingOut(second, taken(first) { _ in true }).rest)
        let reference = try #require(try rest.batches.first?.reference)
        #expect(reference != alone.content && reference != second.content && Reference.isDerived(reference))
        let later = try #require(try leavingOut(second, taken(first) { _ in true }, round: 2).rest)
        #expect(try later.batches.first?.reference == "\(reference)-r2")
        // However it is read.
        let other = try document(payments([1, 2, 3]), inWindows: !inWindows)
        #expect(try leavingOut(other, taken(first) { _ in true }).rest?.batches.first?.reference == reference)
    }

    @Test(arguments: [false, true]) func byPlaceTheyAreLeftOutWhateverTheyAre(inWindows: Bool) throws {
        let document = try document(payments([1, 2, 3]), inWindows: inWindows)
        let (rest, leftOut) = try leavingOut(
            document, [:],
            at: [0: AcceptedRecord(record: "a", reference: "R"), 2: AcceptedRecord(record: "b", reference: "R")])
        #expect(leftOut.map(\.record) == ["a", "b"])
        #expect(try rest?.sentRecords.map(\.identity) == ["I-2"])
    }

    @Test(arguments: [false, true]) func nothingIsLeftOfADocumentThatWasTakenWhole(inWindows: Bool) throws {
        let document = try document(payments([1, 2]), inWindows: inWindows)
        let (rest, leftOut) = try leavingOut(document, taken(document) { _ in true })
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

    @Test func identitiesAreThoseOfTheRecords() throws {
        let document = try document(payments([1, 2, 3]), records: 2)
        func keys(_ numbers: Int...) -> IdentityKeys {
            IdentityKeys(numbers.map { IdentityKeys.key(clientReferenceId: "I-\($0)") })
        }
        #expect(try document.identities == keys(1, 2, 3))
        let claims = try #require(
            try Judging.judge().json(
                #"{"thirdPartyClaims": [{"claimNumber": "I-1", "status": "x"}, {"claimNumber": "9", "clientReferenceId": "I-1", "status": "x"}]}"#
            ).document)
        #expect(try claims.identities.count == 2, "a claim's number is no clientReferenceId")
        #expect(try claims.identities.meets(keys(1)))
    }
}

import Documents
import Foundation
import Model
import TestSupport
import Testing

/// XML documents that are read in windows get the same answer as those that are held.
@Suite struct XMLWindowTests {
    private static func source(_ text: [UInt8]) -> DocumentSource { DocumentSource(held: text) }

    private static func windowed(_ text: [UInt8], _ judge: DocumentJudge, _ windowBytes: Int) throws -> Judgement {
        try judge.judge(
            xml: source(text), spool: MemorySpool().spool, origin: Judging.origin, windowBytes: windowBytes)
    }

    private static func expectTheSame(
        _ text: [UInt8], _ judge: DocumentJudge, windows: [Int] = [1, 7, 200, 1 << 20],
        _ at: SourceLocation = #_sourceLocation
    ) throws {
        try Answer.expectTheSame(text, .xml, judge, windows, at) { try windowed(text, judge, $0) }
    }

    private static func account(_ reference: String, _ more: String = "") -> String {
        "<account><clientReferenceId>\(reference)</clientReferenceId><invoiceNumber>007</invoiceNumber>"
            + "<outstandingAmount>1.50</outstandingAmount>\(more)</account>"
    }

    private static func payment(_ reference: String) -> String { "<p clientReferenceId='\(reference)'/>" }

    static let texts: [String] = [
        "<accounts>\(account("a"))\(account("b2"))\(account("c"))</accounts>",
        "\u{FEFF}<?xml version='1.0' encoding='UTF-8'?>\n<export batchReferenceId='RUN-1'><!-- < é -->\r\n<accounts>\n\(account("ä"))\n\(account("b2"))\n</accounts>\n</export>\n",
        "<e><accounts>\(account("a"))\(account("b2"))</accounts><batchReferenceId>R &amp; 1</batchReferenceId></e>",
        "<e><batchReferenceId>R</batchReferenceId><x><y>z</y></x><accounts>\(account("a"))</accounts></e>",
        "<x:payments xmlns:x='urn:x'>\(payment("7"))<?pi x?><q><clientReferenceId><![CDATA[<&>]]></clientReferenceId></q></x:payments>",
        // Wrong in ways that a schema knows.
        "<accounts/>", "<accounts> </accounts>", "<e><accounts/></e>", "<payments/>", "<payments></payments>",
        "<accounts>\(account("a"))\n<account><status>Actve</status></account>\(account("c", "<status>x</status>"))</accounts>",
        "<payments>\n\(payment(""))\(payment("7"))<p/>\n\(payment(""))</payments>",
        "<payments batchReferenceId=''>\(payment(""))\(payment("7"))</payments>",
        "<e><batchReferenceId xsi:nil='1'/><payments>\(payment("7"))\(payment(""))</payments></e>",
        "<e><payments>\(payment(""))</payments><batchReferenceId>\(String(repeating: "x", count: 140))</batchReferenceId></e>",
        // Wrong in ways that the conversion knows.
        "<payments>\(payment("7"))x\(payment("8"))</payments>", "<e>x<payments>\(payment("7"))</payments></e>",
        "<payments>\(payment("7"))\n<p clientReferenceId='8'><a>x<b/></a></p>\(payment("9"))</payments>",
        "<payments>\(payment("7"))\n<p clientReferenceId='8'><a xsi:nil='1'>x</a></p></payments>",
        "<payments>\(payment("7"))\n<p clientReferenceId='8'>\n<clientReferenceId>9</clientReferenceId></p><p x='1'><x/></p></payments>",
        "<e><payments>\(payment("7"))</payments><payments>\(payment("8"))</payments></e>",
        "<e><payments>\(payment("7"))</payments><accounts>\(account("a"))</accounts></e>",
        "<e><payments>\(payment(""))</payments><accounts><a/></accounts></e>",
        "<e><payments><p a='1'><a/></p></payments><accounts><a/></accounts></e>",
        "<e><accounts>\n<a/></accounts><payments>\(payment("7"))</payments></e>",
        "<e><batchReferenceId>x<a/></batchReferenceId><payments>\(payment("7"))</payments></e>",
        "<orders/>", "<?xml version='1.0'?>\n\n  <orders/>", "<a><b><accounts/></b></a>",
        // No XML.
        "", " ", "<", "text", "<accounts>", "<accounts></account>", "<accounts/>x", "<accounts a='1' a='2'/>",
        "<!DOCTYPE accounts><accounts/>", "<payments>\(payment("7"))&x;</payments>",
        "<payments>\(payment("7"))\u{1}</payments>",
        "<payments>\(payment(""))<p></payments>", "<payments/><payments/>", "<payments/>\u{0}", "\u{FEFF}<\u{0}a/>",
        "<payments>\(payment("7"))</payments>\n<!-- -- -->", "<payments><p clientReferenceId='<'/></payments>",
        "<?xml version='1.0' encoding='klingon'?><payments/>", "<?xml version='1.0' encoding='UTF-16'?><payments/>",
        "<?xml version='1.0' encoding='US-ASCII'?>\n<payments><é/></payments>", "\u{FEFF}\u{FEFF}<payments/>",
        "\u{FEFF}<?xml version='1.0' encoding='ISO-8859-1'?><payments/>",
    ]

    @Test(arguments: texts) func aDocumentInWindowsIsJudgedAsItIsWhole(text: String) throws {
        for kind in [nil, .account, .payment] as [Kind?] {
            for usesXSD in [true, false] {
                try Self.expectTheSame(Array(text.utf8), Judging.judge(kind: kind, usesXSD: usesXSD))
            }
        }
        try Self.expectTheSame(Array(text.utf8), Judging.judge(bodyRecords: 1), windows: [1, 200])
    }

    // MARK: Damage

    private static let whole =
        "<?xml version='1.0'?><e><batchReferenceId>R</batchReferenceId>\n<payments><!-- a --><p clientReferenceId='é'><amount>1</amount></p>"
        + "<x:p><clientReferenceId>&lt;b<![CDATA[c]]></clientReferenceId></x:p> <p clientReferenceId='7'/></payments></e>"

    /// Cut off, with a byte less, or with another one: at every place of a document.
    private static func expectTheSameOfEachDamage(
        to text: [UInt8], _ judge: DocumentJudge, _ at: SourceLocation = #_sourceLocation
    ) throws {
        for index in text.indices {
            try expectTheSame(Array(text[..<index]), judge, windows: [1, 90], at)
            try expectTheSame(Array(text[..<index] + text[(index + 1)...]), judge, windows: [1, 90], at)
            for byte in [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "'"), 0, 0x80, 0xE2] {
                var spoiled = text
                spoiled[index] = byte
                try expectTheSame(spoiled, judge, windows: [1, 90], at)
            }
        }
    }

    @Test func aSpoiledDocumentInWindowsIsJudgedAsItIsWhole() throws {
        try Self.expectTheSameOfEachDamage(to: Array(Self.whole.utf8), Judging.judge(kind: .payment))
    }

    @Test func damageBehindTheWindowsIsFoundBeforeWhatIsWrongInThem() throws {
        let text = Self.whole.replacing("'é'", with: "''").replacing("'7'", with: "'7' x='1'><x/></p><p")
        for judge in [try Judging.judge(), try Judging.judge(usesXSD: false)] {
            for length in 100..<text.utf8.count { try Self.expectTheSame(Array(text.utf8.prefix(length)), judge) }
            try Self.expectTheSame(Array(text.utf8) + [0xFF], judge)
        }
    }

    /// Longer than what libxml2 fetches at once, so that much is read, or not, when something is found wrong.
    @Test func aLongDocumentInWindowsIsJudgedAsItIsWhole() throws {
        let records = (0..<250).map { "<p clientReferenceId='é\($0)'>\n<amount>\($0)</amount></p> " }
        let text = Array("<payments>\n\(records.joined())</payments>".utf8)
        let judge = try Judging.judge()
        for index in stride(from: 5, to: text.count, by: 331) {
            var spoiled = text
            spoiled[index] = UInt8(ascii: "<")
            try Self.expectTheSame(spoiled, judge, windows: [50, 3000])
            // Whatever else is wrong, the encoding is what is said.
            try Self.expectTheSame(spoiled + [0xFF], judge, windows: [50, 3000])
            try Self.expectTheSame(Array(text[..<index]), judge, windows: [50, 3000])
        }
    }

    // MARK: Encodings

    static let encodings: [(String, String.Encoding, String)] = [
        ("ISO-8859-1", .isoLatin1, "Zoë"), ("windows-1252", .windowsCP1252, "Zoë – €"),
        ("ISO-8859-2", .isoLatin2, "Łódź"),
        ("UTF-16", .utf16, "Zoë 📎"), ("UTF-16", .utf16BigEndian, "Zoë 📎"), ("UTF-16", .utf16LittleEndian, "Zoë 📎"),
        ("UTF-32", .utf32, "Zoë 📎"), ("UTF-32", .utf32LittleEndian, "📎"), ("ISO-8859-1", .utf16, "Zoë"),
        ("ISO-2022-JP", .iso2022JP, "東京 abc 大阪"), ("Shift_JIS", .shiftJIS, "東京"), ("US-ASCII", .ascii, "Zoe"),
        ("UTF-8", .isoLatin1, "Zoë"), ("US-ASCII", .isoLatin1, "Zoë"), ("UTF-8", .utf8, "東京 📎"),
    ]

    @Test(arguments: encodings)
    func anEncodingIsReadInPiecesAsItIsWhole(name: String, encoding: String.Encoding, word: String) throws {
        let text =
            "<?xml version='1.0' encoding='\(name)'?>\n<payments><p>\n<clientReferenceId>\(word)</clientReferenceId></p>"
            + "<p><clientReferenceId>\(word)</clientReferenceId></p><p><x>\(word)</x></p></payments>"
        let bytes = Array(try #require(text.data(using: encoding)))
        let judge = try Judging.judge(usesXSD: false)
        for length in bytes.indices {
            try Self.expectTheSame(Array(bytes[..<length]), judge, windows: [1, 90])
            var spoiled = bytes
            spoiled[length] ^= 0xDC
            try Self.expectTheSame(spoiled, judge, windows: [1, 90])
        }
        let good = Array(
            try #require(
                text.replacing("<x>", with: "<clientReferenceId>")
                    .replacing("</x>", with: "</clientReferenceId>").data(using: encoding)))
        try Self.expectTheSame(good, judge, windows: [1, 2, 3, 90])
    }

    // MARK: Configuration

    @Test func fieldsAreRenamedAndSetInWindows() throws {
        let fields = FieldMapping(
            renamed: ["Ref": "clientReferenceId", "Due": "outstandingAmount"],
            constants: ["brand": "\"ACME\"", "invoiceNumber": "null"])
        let text =
            "<accounts><a><Ref>a</Ref><Due>1.10</Due></a>\n<a Due='2' Ref='b2' brand='x'/><a Ref='c'><Due>3</Due></a></accounts>"
        for records in [nil, 1, 2] as [Int?] {
            try Self.expectTheSame(
                Array(text.utf8), Judging.judge(kind: .account, fields: fields, bodyRecords: records))
        }
        for usesXSD in [true, false] {
            let judge = try Judging.judge(fields: fields, usesXSD: usesXSD)
            try Self.expectTheSame(Array(text.replacing(">3<", with: ">-3<").utf8), judge)
            let twice = text.replacing("Ref='c'", with: "Ref='c' clientReferenceId='d'")
            try Self.expectTheSame(Array(twice.utf8), judge)
        }
    }

    private static func own(kind: Kind? = .payment) throws -> DocumentJudge {
        let schema = try XMLSchema(compiling: Array(OwnXMLSchemaTests.strict.utf8), seesEverything: true)
        return DocumentJudge(
            rules: DocumentRules(
                kind: kind, schemas: Judging.schemas, xmlSchemas: [.account: schema, .payment: schema, .claim: schema]))
    }

    @Test func anInboxesOwnXMLSchemaSeesTheWholeInWindows() throws {
        let record = "<payment method='BPAY'><clientReferenceId>7</clientReferenceId><amount>5</amount></payment>"
        let text = "<export>\n<when>2026-11-24</when><payments>\(record)\n\(record)\(record)</payments></export>"
        let judge = try Self.own()
        try Self.expectTheSame(Array(text.utf8), judge)
        #expect(try Self.windowed(Array(text.utf8), judge, 1).document != nil)
        try Self.expectTheSameOfEachDamage(to: Array(text.utf8), judge)
        for (from, to) in [
            ("2026-11-24", "today"), ("</export>", "<x/></export>"), ("\n<payment ", "x<payment "), (">5<", ">x<"),
            ("<when>2026-11-24</when>", ""), (record, ""),
        ] {
            try Self.expectTheSame(Array(text.replacing(from, with: to).utf8), judge)
            try Self.expectTheSame(Array(text.replacing(from, with: to).utf8), Self.own(kind: nil))
        }
    }

    @Test(arguments: [300, 400, 1000, 5000]) func partsAreCutInWindowsAsTheyAreWhole(bodyBytes: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bodyBytes))
        let records = (0..<40).map {
            let note = String(repeating: "x", count: Int.random(in: 0..<40, using: &generator))
            return Self.account("\($0)", "<note>\(note)</note>")
        }
        let text = Array("<accounts> \(records.joined(separator: " \n")) </accounts>".utf8)
        for records in [nil, 7] as [Int?] {
            let judge = try Judging.judge(bodyBytes: bodyBytes, bodyRecords: records)
            try Self.expectTheSame(text, judge, windows: [1, 600, 1 << 20])
        }
    }

    @Test(arguments: WindowTests.schemas.filter(\.1).map(\.0))
    func aSchemaThatJudgesRecordsAloneIsAskedInWindows(schema: String) throws {
        let judge = try Judging.judge(kind: .account, schema: schema)
        for text in Self.texts { try Self.expectTheSame(Array(text.utf8), judge, windows: [1, 200]) }
    }

    // MARK: Bounds

    @Test func aRecordOverTheLimitIsNamedWhereverItStands() throws {
        let large = Self.account("big", "<note>\(String(repeating: "x", count: 2000))</note>")
        let text = Array("<accounts>\(Self.account("a"))\n  \(large)\(Self.account("c"))</accounts>".utf8)
        let problem = try #require(try Self.windowed(text, Judging.judge(bodyBytes: 1500), 100).problem)
        #expect(problem.code == .sizeRecord && problem.message.hasPrefix("Record 2 "))
        #expect(problem.findings.first?.pointer == "/accounts/1" && problem.findings.first?.record == "big")
        #expect(problem.findings.first?.line == 2 && problem.findings.first?.column == 3)
    }

    @Test func whatCannotBeHeldIsSaid() throws {
        let long = String(repeating: "x", count: 40 << 20)
        let judge = try Judging.judge()
        for text in [
            "<!-- \(long) --><payments>\(Self.payment("7"))</payments>", "<e a='\(long)'><payments/></e>",
            "<e><batchReferenceId>\(long)</batchReferenceId></e>",
        ] {
            #expect(try Self.windowed(Array(text.utf8), judge, 1 << 20).problem?.code == .readTooLarge)
        }
        let beside = "<e><x>\(long)</x><payments>\(Self.payment("7"))</payments></e>"
        #expect(try Self.windowed(Array(beside.utf8), judge, 1 << 20).document != nil)
    }

    @Test func linesBeyond65535AreRightInEveryEncoding() throws {
        let text = "<accounts>\(String(repeating: "\n", count: 100_000))<!-- ë --><x/></accounts>"
        let latin = "<?xml version='1.0' encoding='ISO-8859-1'?>\n" + text
        let judge = try Judging.judge()
        for (bytes, line) in [
            (Array(text.utf8), 100_001), (Array(try #require(latin.data(using: .isoLatin1))), 100_002),
            (Array(try #require(text.data(using: .utf16LittleEndian))), 100_001),
        ] {
            let finding = try Self.windowed(bytes, judge, 1000).problem?.findings.first
            #expect(finding?.line == line && finding?.column == 11)
            try Self.expectTheSame(bytes, judge, windows: [1000])
        }
    }

    @Test func aSpoolThatCannotBeWrittenFailsNoDocument() throws {
        struct Full: Error {}
        let text = Array(Self.texts[0].utf8)
        #expect(throws: Full.self) {
            try Judging.judge().judge(
                xml: Self.source(text), spool: RecordSpool(append: { _ in throw Full() }, read: { _ in [] }),
                origin: Judging.origin)
        }
        #expect(throws: Full.self) {
            try Judging.judge().judge(
                xml: DocumentSource(size: 5000) { range in
                    if range.lowerBound > 0 { throw Full() }
                    return Array(repeating: UInt8(ascii: " "), count: range.count)
                }, spool: MemorySpool().spool, origin: Judging.origin, windowBytes: 100)
        }
    }

    @Test func moreRecordsThanThereIsRoomForAreRefused() throws {
        let text = Array(Self.texts[0].utf8)
        for (most, code) in [(3, nil), (2, Code.readTooLarge)] as [(Int, Code?)] {
            let judgement = try Judging.judge().judge(
                xml: Self.source(text), spool: MemorySpool().spool, origin: Judging.origin, windowBytes: 1,
                mostRecords: most)
            #expect(judgement.problem?.code == code)
        }
    }

    @Test func theSameReferenceWhicheverWayItIsRead() throws {
        let text = Array(Self.texts[1].utf8)
        let whole = try #require(try Judging.judge().judge(text, form: .xml, origin: Judging.origin).document)
        let windowed = try #require(try Self.windowed(text, Judging.judge(), 1).document)
        #expect(whole.content == windowed.content && windowed.isConverted)
        #expect(windowed.ownReference == "RUN-1" && whole.ownReference == "RUN-1")
    }
}

/// A spool in memory.
final class MemorySpool: @unchecked Sendable {
    // A test of one task holds it.
    private var text: [UInt8] = []

    var spool: RecordSpool {
        RecordSpool(append: { self.text += $0 }, read: { Array(self.text[$0]) })
    }
}

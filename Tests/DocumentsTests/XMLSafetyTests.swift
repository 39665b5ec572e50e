import Documents
import Foundation
import Model
import Testing

/// XML that is broken, cut off, or meant to do harm.
@Suite struct XMLSafetyTests {
    static let refused: [(String, Code)] = [
        (#"<!DOCTYPE accounts><accounts/>"#, .parseXML),
        (#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><accounts><a>&x;</a></accounts>"#, .parseXML),
        (#"<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><accounts/>"#, .parseXML),
        (
            #"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>"#,
            .parseXML
        ),
        ("<accounts><a>&x;</a></accounts>", .parseXML),
        ("<accounts><a></b></accounts>", .parseXML),
        ("<accounts><a b=1/></accounts>", .parseXML),
        ("<accounts/><accounts/>", .parseXML),
        ("<accounts><a>text<b>1</b></a></accounts>", .schemaXML),
        ("<accounts>\u{1}</accounts>", .parseXML),
    ]

    @Test(arguments: refused)
    func itIsRefusedWithItsPlace(xml: String, code: Code) throws {
        let judgement = try Judging.judge().xml(xml)
        #expect(judgement.problem?.code == code)
        #expect(!judgement.isUnfinished)
        #expect(judgement.problem?.findings.first?.line == 1)
        #expect(judgement.problem?.message.contains("root:") == false)
    }

    @Test func aDocumentThatEndsTooEarlyIsUnfinishedWhereverItEnds() throws {
        let text = Array(
            #"<?xml version="1.0"?><accounts><account><clientReferenceId>INV-1</clientReferenceId><x y="z">t</x></account></accounts>"#
                .utf8)
        let judge = try Judging.judge()
        for length in 25..<text.count {
            let judgement = judge.judge(Array(text[..<length]), form: .xml, origin: Judging.origin)
            #expect(judgement.isUnfinished, "\(String(decoding: text[..<length], as: UTF8.self))")
            #expect(judgement.problem?.code == .readIncomplete)
        }
    }

    @Test func deepNestingIsRefused() throws {
        let deep = String(repeating: "<a>", count: 100_000)
        let judgement = try Judging.judge().xml("<accounts>\(deep)")
        #expect(judgement.problem?.code == .parseXML)
        #expect(judgement.problem?.message.contains("nested more than 256 deep") == true)
    }

    @Test func manyAttributesCostLittle() throws {
        let attributes = (0..<100_000).map { #"a\#($0)="1""# }.joined(separator: " ")
        let started = ContinuousClock.now
        _ = try Judging.judge().xml("<accounts><a \(attributes)/></accounts>")
        #expect(ContinuousClock.now - started < .seconds(30))
    }

    @Test func manyThreadsShareASchema() async throws {
        let judge = try Judging.judge()
        let good = "<payments>" + (0..<200).map { "<p clientReferenceId='\($0)'><amount>\($0)</amount></p>" }.joined()
        let documents = [good + "</payments>", good + "<p><amount>x</amount></p></payments>", good]
        let counts = await withTaskGroup(of: Int.self) { group in
            for index in 0..<60 {
                group.addTask { judge.xml(documents[index % 3]).problem?.findingCount ?? 0 }
            }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(counts == [0: 20, 2: 20, 1: 20])
    }

    @Test func damagedDocumentsNeverCrash() throws {
        let judge = try Judging.judge()
        let seed = Array(
            #"<?xml version="1.0" encoding="UTF-8"?><e xmlns:x="urn:x"><accounts><x:a b="1">&lt;<c><![CDATA[d]]></c><!-- e --></x:a></accounts></e>"#
                .utf8)
        var state: UInt64 = 42
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<10_000 {
            var text = seed
            for _ in 0...random(4) {
                switch random(3) {
                case 0: text[random(text.count)] = UInt8(random(256))
                case 1: text.remove(at: random(text.count))
                default: text.insert(contentsOf: seed[random(seed.count)...].prefix(random(20)), at: random(text.count))
                }
            }
            let judgement = judge.judge(text, form: .xml, origin: Judging.origin)
            #expect(judgement.document != nil || judgement.problem?.message.isEmpty == false)
        }
    }

    // MARK: Encodings

    private static func document(_ encoding: String, _ name: String) -> String {
        #"<?xml version="1.0" encoding="\#(encoding)"?><payments><p><clientReferenceId>\#(name)</clientReferenceId></p></payments>"#
    }

    private func judge(_ data: Data?) throws -> Judgement {
        try Judging.judge().judge(Array(try #require(data)), form: .xml, origin: Judging.origin)
    }

    @Test(arguments: [
        ("UTF-8", String.Encoding.utf8, "Zoë 📎"), ("ISO-8859-1", .isoLatin1, "Zoë"),
        ("ISO-8859-2", .isoLatin2, "Łódź"), ("windows-1252", .windowsCP1252, "Zoë – €"), ("UTF-16", .utf16, "Zoë 📎"),
        ("UTF-16", .utf16BigEndian, "Zoë 📎"), ("UTF-16", .utf16LittleEndian, "Zoë 📎"), ("US-ASCII", .ascii, "Zoe"),
    ])
    func itsEncodingIsRead(name: String, encoding: String.Encoding, text: String) throws {
        let judgement = try judge(Self.document(name, text).data(using: encoding))
        #expect(judgement.array == #"[{"clientReferenceId":"\#(text)"}]"#, "\(judgement.problem?.message ?? "")")
    }

    @Test func bytesThatAreNotWhatTheySayAreAnEncodingProblem() throws {
        #expect(try judge(Self.document("UTF-8", "Zoë").data(using: .isoLatin1)).problem?.code == .parseEncoding)
        #expect(try judge(Self.document("x-unknown", "Zoe").data(using: .utf8)).problem?.code == .parseEncoding)
        #expect(try judge(Self.document("UTF-16", "Zoe").data(using: .utf8)).problem?.code == .parseEncoding)
    }
}

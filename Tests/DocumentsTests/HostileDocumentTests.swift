import Documents
import Foundation
import Model
import Testing

/// Documents that are made to cost more than they weigh. Each is compared with a harmless one of its size in the same
/// run, by the time that the processor spent.
@Suite(.serialized, .timeLimit(.minutes(15))) struct HostileDocumentTests {
    /// How many times as long as a harmless document one may take: elements of four bytes are 25 times as many as a
    /// usual document's, and each is looked at.
    static let most = 25.0

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let code: Code?
        let make: @Sendable (_ bytes: Int) -> String
        var testDescription: String { name }

        init(_ name: String, _ code: Code?, _ make: @escaping @Sendable (Int) -> String) {
            (self.name, self.code, self.make) = (name, code, make)
        }
    }

    /// `piece` after `piece`, up to so many bytes.
    private static func fill(_ bytes: Int, between separator: String = ",", _ piece: (Int) -> String) -> String {
        var text = ""
        text.reserveCapacity(bytes + 1000)
        var number = 0
        while text.utf8.count < bytes {
            if number > 0 { text += separator }
            text += piece(number)
            number += 1
        }
        return text
    }

    private static func record(_ members: String, _ reference: String = "INV-1") -> String {
        #"{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":1,\#(members)}"#
    }

    private static func document(_ members: String) -> String { "{\"accounts\":[\(record(members))]}" }

    private static func harmless(_ bytes: Int) -> String {
        "{\"accounts\":[\(fill(bytes) { record("\"brand\":\"ACME\",\"note\":\"nothing to see here\"", "INV-\($0)") })]}"
    }

    /// `Ez` and `FY` are equal under `hash * 33 + byte`, and so is what is put together from them.
    private static func colliding(_ number: Int) -> String {
        (0..<20).map { number >> $0 & 1 == 0 ? "Ez" : "FY" }.joined()
    }

    static let json: [Case] = [
        Case("keys", nil) { document(fill($0) { "\"k\($0)\":0" }) },
        Case("keys that begin alike", nil) {
            document(fill($0) { "\"aaaaaaaaaaaaaaaaaaaaaaaa\(10_000_000 + $0)\":0" })
        },
        Case("keys in falling order", nil) { document(fill($0) { "\"k\(99_999_999 - $0)\":0" }) },
        Case("keys that collide", nil) { document(fill($0) { "\"\(colliding($0))\":0" }) },
        Case("keys of escapes", nil) { document(fill($0) { "\"\\u006b\\u006b\($0)\":0" }) },
        Case("long keys that differ at their end", nil) { bytes in
            let key = String(repeating: "x", count: max(1, bytes / 20))
            return document(fill(bytes) { "\"\(key)\(10 + $0)\":0" })
        },
        Case("the last key is the first", .parseJSON) { document(fill($0) { "\"k\($0)\":0" } + ",\"k0\":1") },
        Case("always the same key", .parseJSON) { document(fill($0) { _ in "\"k\":0" }) },
        Case("one object in another", .parseJSON) { fill($0, between: "") { _ in "{\"a\":" } },
        Case("opening brackets", .parseJSON) { fill($0, between: "") { _ in "[" } },
        Case("nested as deep as may be", nil) { bytes in
            let deep = String(repeating: "[", count: 250) + String(repeating: "]", count: 250)
            return document("\"x\":[\(fill(bytes) { _ in deep })]")
        },
        Case("one number", nil) { document("\"n\":1\(fill($0, between: "") { _ in "7" })") },
        Case("one fraction", nil) { document("\"n\":0.\(fill($0, between: "") { _ in "0123456789" })") },
        Case("one number of a schema", nil) { bytes in
            let digits = fill(bytes, between: "") { _ in "7" }
            return #"{"accounts":[{"clientReferenceId":"1","invoiceNumber":"1","outstandingAmount":1\#(digits)}]}"#
        },
        Case("zeros", nil) { document("\"n\":1.\(fill($0, between: "") { _ in "0" })") },
        Case("numbers of 10^5 digits", nil) { bytes in
            let digits = String(repeating: "3", count: 100_000)
            return document("\"n\":[\(fill(bytes) { "\(1 + $0 % 9)\(digits)" })]")
        },
        Case("great exponents", nil) { document("\"n\":[\(fill($0) { _ in "1e999999999,-1e-999999999" })]") },
        Case("great amounts", nil) { bytes in
            let records = fill(bytes) {
                #"{"clientReferenceId":"\#($0)","invoiceNumber":"1","outstandingAmount":1e999999999}"#
            }
            return "{\"accounts\":[\(records)]}"
        },
        Case("small amounts below zero", .schemaJSON) { bytes in
            let records = fill(bytes) {
                #"{"clientReferenceId":"\#($0)","invoiceNumber":"1","outstandingAmount":-1e-999999999}"#
            }
            return "{\"accounts\":[\(records)]}"
        },
        Case("exponents that no number has", .parseJSON) { bytes in
            document("\"n\":1e\(fill(bytes, between: "") { _ in "9" })")
        },
        Case("one string", nil) { document("\"s\":\"\(fill($0, between: "") { _ in "x" })\"") },
        Case("one string as identity", .schemaJSON) { bytes in
            "{\"accounts\":[\(record("\"x\":1", fill(bytes, between: "") { _ in "x" }))]}"
        },
        Case("one string that never ends", .readIncomplete) {
            "{\"accounts\":[\"\(fill($0, between: "") { _ in "x" })"
        },
        Case("escapes", nil) { document("\"s\":\"\(fill($0, between: "") { _ in "\\u0041\\ud83e\\uddfe\\n" })\"") },
        Case("short strings", nil) { document("\"s\":[\(fill($0) { _ in "\"\"" })]") },
        Case("digits", nil) { document("\"s\":[\(fill($0) { _ in "1" })]") },
        Case("empty objects", nil) { document("\"s\":[\(fill($0) { _ in "{}" })]") },
        Case("records that are none", .schemaJSON) { "{\"accounts\":[\(fill($0) { _ in "1" })]}" },
        Case("records with nothing", .schemaJSON) { "{\"accounts\":[\(fill($0) { _ in "{}" })]}" },
        Case("records of one identity", nil) { "{\"accounts\":[\(fill($0) { _ in record("\"a\":1") })]}" },
        Case("white space", nil) { document("\"s\":\(fill($0, between: "") { _ in " \n\t " })1") },
    ]

    private static func accounts(_ inner: String) -> String { "<accounts>\(inner)</accounts>" }

    private static func harmlessXML(_ bytes: Int) -> String {
        accounts(
            fill(bytes, between: "\n") {
                "<account><clientReferenceId>INV-\($0)</clientReferenceId><invoiceNumber>1</invoiceNumber>"
                    + "<outstandingAmount>1</outstandingAmount><note>nothing to see here</note></account>"
            })
    }

    private static let start =
        "<account><clientReferenceId>1</clientReferenceId><invoiceNumber>1</invoiceNumber><outstandingAmount>1</outstandingAmount>"

    static let xml: [Case] = [
        Case("attributes", nil) { accounts("<account \(fill($0, between: " ") { "a\($0)=\"\"" })/>") },
        Case("attributes that collide", nil) {
            accounts("<account \(fill($0, between: " ") { "\(colliding($0))=''" })/>")
        },
        Case("attributes of which the last is the first", nil) {
            accounts("<account \(fill($0, between: " ") { "a\($0)=\"\"" }) a0=''/>")
        },
        Case("always the same attribute", nil) { accounts("<account \(fill($0, between: " ") { _ in "a=''" })/>") },
        Case("name spaces", nil) { accounts("<account \(fill($0, between: " ") { "xmlns:a\($0)='urn:\($0)'" })/>") },
        Case("attributes in name spaces", nil) { bytes in
            accounts(
                "<account xmlns:x='urn:x' xmlns:y='urn:x' \(fill(bytes, between: " ") { "x:a\($0)='' y:b\($0)=''" })/>")
        },
        Case("one attribute", nil) { accounts("<account a='\(fill($0, between: "") { _ in "x&lt;" })'/>") },
        Case("children", nil) { accounts(start + fill($0, between: "") { "<c\($0)/>" } + "</account>") },
        Case("always the same child", nil) { accounts(start + fill($0, between: "") { _ in "<c/>" } + "</account>") },
        Case("records with nothing", nil) { accounts(fill($0, between: "") { _ in "<a/>" }) },
        Case("a long name", nil) { bytes in
            let name = fill(bytes / 2, between: "") { _ in "n" }
            return accounts("\(start)<\(name)>1</\(name)></account>")
        },
        Case("names of names", nil) { bytes in
            accounts(
                start + fill(bytes, between: "") { "<\(String(repeating: "n", count: 1000))\($0)/>" } + "</account>")
        },
        Case("one in the other", .parseXML) { accounts(fill($0, between: "") { _ in "<a>" }) },
        Case("nested as deep as may be", nil) { bytes in
            let deep = String(repeating: "<a>", count: 200) + String(repeating: "</a>", count: 200)
            return accounts(start + fill(bytes, between: "") { _ in deep } + "</account>")
        },
        Case("character references", nil) {
            accounts("\(start)<n>\(fill($0, between: "") { _ in "&#65;" })</n></account>")
        },
        Case("entities", nil) { accounts("\(start)<n>\(fill($0, between: "") { _ in "&amp;" })</n></account>") },
        Case("CDATA", nil) { accounts("\(start)<n>\(fill($0, between: "") { _ in "<![CDATA[]]>" })</n></account>") },
        Case("comments", nil) { accounts("\(start)<n>\(fill($0, between: "") { _ in "<!---->" })</n></account>") },
        Case("instructions", nil) { accounts("\(start)<n>\(fill($0, between: "") { _ in "<?a?>" })</n></account>") },
        Case("text", nil) { accounts("\(start)<n>\(fill($0, between: "") { _ in "x" })</n></account>") },
        Case("white space", nil) { accounts("\(start)\(fill($0, between: "") { _ in "\n \t" })</account>") },
        Case("one number", nil) {
            accounts(
                "<account><clientReferenceId>1</clientReferenceId><invoiceNumber>1</invoiceNumber>"
                    + "<outstandingAmount>\(fill($0, between: "") { _ in "7" })</outstandingAmount></account>")
        },
        Case("one identity", nil) {
            accounts("<account><clientReferenceId>\(fill($0, between: "") { _ in "7" })</clientReferenceId></account>")
        },
        Case("text that is no number", nil) { bytes in
            accounts(fill(bytes, between: "") { "<account><outstandingAmount>x\($0)</outstandingAmount></account>" })
        },
    ]

    /// The time that this thread's processor spent.
    private static func spent(_ work: () -> Judgement) -> (Judgement, Double) {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        let judgement = work()
        return (judgement, now() - start)
    }

    private static func expectCheap(_ hostile: Case, _ harmless: String, _ text: String, _ form: FileForm) throws {
        let judge = try Judging.judge()
        let (usual, usualTime) = spent { judge.judge(Array(harmless.utf8), form: form, origin: Judging.origin) }
        #expect(usual.document != nil)
        let bytes = Array(text.utf8)
        let (judgement, time) = spent { judge.judge(bytes, form: form, origin: Judging.origin) }
        let ratio = time / usualTime
        print(
            "\(hostile.name): \(bytes.count) bytes, \(judgement.problem?.code.rawValue ?? "good"), \(ratio) times as long"
        )
        #expect(ratio < most, "\(hostile.name): \(time) s, a harmless one \(usualTime) s")
        if let code = hostile.code { #expect(judgement.problem?.code == code) }
        #expect(judgement.problem.map { $0.message.utf8.count < 2000 && $0.findings.count <= 100 } ?? true)
        let shown = judgement.problem?.findings.map { $0.message.utf8.count + ($0.record?.utf8.count ?? 0) }.max() ?? 0
        #expect(shown < 4000, "a finding says \(shown) bytes")
        // What was made from it is made in time, too.
        if let document = judgement.document {
            let (_, bodyTime) = spent {
                for batch in (try? document.batches) ?? [] { _ = try? document.body(of: batch) }
                return judgement
            }
            #expect(bodyTime < most * usualTime)
        }
    }

    private static let size = 2_000_000

    @Test(arguments: json) func aJSONDocumentCostsWhatItWeighs(hostile: Case) throws {
        try Self.expectCheap(hostile, Self.harmless(Self.size), hostile.make(Self.size), .json)
    }

    @Test(arguments: xml) func anXMLDocumentCostsWhatItWeighs(hostile: Case) throws {
        try Self.expectCheap(hostile, Self.harmlessXML(Self.size), hostile.make(Self.size), .xml)
    }

    /// The same for a schema of an inbox's own, which asks more: numbers, patterns, uniqueness.
    @Test(arguments: [
        (#""multipleOf": 0.01"#, "1e999999999"), (#""multipleOf": 0.01"#, "1e-999999999"),
        (#""minimum": 1e-999999999, "maximum": 1e999999999"#, "1e999999998"),
        (#""multipleOf": 7e-999999999"#, "1e999999999"),
        (#""pattern": "^(a+)+$""#, "\"" + String(repeating: "a", count: 100_000) + "!\""),
        (#""pattern": "^(a|aa)+$""#, "\"" + String(repeating: "a", count: 100_000) + "!\""),
        (#""pattern": "(x+x+)+y""#, "\"" + String(repeating: "x", count: 100_000) + "\""),
        (#""pattern": "^.*.*.*.*=$""#, "\"" + String(repeating: "=", count: 20_000) + "x\""),
        (#""format": "email""#, "\"" + String(repeating: "a.", count: 100_000) + "\""),
        (#""format": "uri""#, "\"http://" + String(repeating: "%41", count: 100_000) + "\""),
        (#""format": "date-time""#, "\"" + String(repeating: "2026-11-24T", count: 30_000) + "\""),
        (#""uniqueItems": true"#, "[" + (0..<60_000).map { "\($0)e0" }.joined(separator: ",") + "]"),
        (#""uniqueItems": true"#, "[" + (0..<20_000).map { "[[[\($0)]]]" }.joined(separator: ",") + "]"),
        (#""maxLength": 5"#, "\"" + String(repeating: "e\\u0301", count: 100_000) + "\""),
    ])
    func whatASchemaOfItsOwnAsksCostsLittle(rule: String, value: String) throws {
        let schema = #"""
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
             "properties": {"accounts": {"type": "array", "items": {"properties": {"x": {\#(rule)}}}}}}
            """#
        let judge = try Judging.judge(schema: schema)
        let text = "{\"accounts\":[{\"clientReferenceId\":\"1\",\"x\":\(value)}]}"
        let (_, usual) = Self.spent { judge.json(Self.harmless(Self.size)) }
        let (judgement, time) = Self.spent { judge.json(text) }
        print(
            "\(rule) on \(value.utf8.count) bytes: \(time / usual) times \(Self.size) harmless bytes, "
                + "\(judgement.problem?.code.rawValue ?? "good")")
        #expect(time < Self.most * usual, "\(time) s")
    }

    // MARK: What XML refers to

    private static func doctypes(_ target: String) -> [String] {
        [
            "<!DOCTYPE accounts>", "<!DOCTYPE accounts SYSTEM \"file://\(target)\">",
            "<!DOCTYPE accounts [<!ENTITY x SYSTEM \"file://\(target)\">]>",
            "<!DOCTYPE accounts [<!ENTITY % p SYSTEM \"file://\(target)\"> %p;]>",
            "<!DOCTYPE accounts [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY x \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
            "<!DOCTYPE accounts [<!ATTLIST accounts b CDATA \"x\">]>", "\n\n<!-- c --><?p i?><!DOCTYPE accounts>",
        ]
    }

    static let encodings: [(String, String.Encoding, [UInt8], Bool)] = [
        ("UTF-8", .utf8, [], true), ("UTF-8", .utf8, [0xEF, 0xBB, 0xBF], true),
        ("UTF-16", .utf16LittleEndian, [0xFF, 0xFE], true), ("UTF-16", .utf16BigEndian, [0xFE, 0xFF], true),
        ("UTF-16", .utf16LittleEndian, [], true), ("UTF-16", .utf16BigEndian, [], true),
        ("UTF-16LE", .utf16LittleEndian, [], true), ("UTF-16BE", .utf16BigEndian, [], false),
        ("UTF-8", .utf16LittleEndian, [], true), ("UTF-16", .utf8, [], true),
        ("UTF-32", .utf32LittleEndian, [0xFF, 0xFE, 0, 0], true), ("UTF-32", .utf32BigEndian, [], true),
        ("ISO-8859-1", .isoLatin1, [], true), ("windows-1252", .windowsCP1252, [], true),
        ("UTF-8", .utf16LittleEndian, [], false), ("UTF-8", .utf16BigEndian, [], false),
    ]

    /// Neither read nor expanded, however it is written.
    @Test(arguments: 0..<encodings.count) func aDocumentTypeIsRefusedInEveryEncoding(index: Int) throws {
        let (name, encoding, mark, isDeclared) = Self.encodings[index]
        let secret = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString).txt")
        try Data("SECRET-4711".utf8).write(to: secret)
        defer { unlink(secret.path) }
        let judge = try Judging.judge()
        for doctype in Self.doctypes(secret.path) {
            let head = isDeclared ? "<?xml version=\"1.0\" encoding=\"\(name)\"?>" : ""
            let text =
                head + doctype + "<accounts><account><clientReferenceId>&x;</clientReferenceId></account></accounts>"
            let bytes = mark + Array(try #require(text.data(using: encoding)))
            let judgement = judge.judge(bytes, form: .xml, origin: Judging.origin)
            #expect(judgement.document == nil, "\(doctype) in \(name)")
            #expect(
                ["parse.xml", "parse.encoding"].contains(judgement.problem?.code.rawValue), "\(doctype) in \(name)")
            #expect("\(judgement)".contains("SECRET-4711") == false)
        }
    }

    /// Encodings in which the letters of a document type are other bytes.
    @Test(arguments: ["UTF-7", "IBM037", "IBM1047", "UTF-7-IMAP", "ISO-2022-JP", "HZ", "UTF-EBCDIC", "SCSU", "CP1026"])
    func aDocumentTypeInAnEncodingOfOtherBytesIsNoWayIn(name: String) throws {
        let judge = try Judging.judge()
        let head = "<?xml version=\"1.0\" encoding=\"\(name)\"?>"
        let seven = "+ADw-!DOCTYPE accounts +AFs-+ADw-!ENTITY x SYSTEM +ACI-file:///etc/passwd+ACI-+AD4-+AF0-+AD4-"
        let texts = [
            head + seven + "+ADw-accounts+AD4-+ACY-x+ADs-+ADw-/accounts+AD4-",
            head + seven + "<accounts><account><clientReferenceId>&x;</clientReferenceId></account></accounts>",
            head + "<!DOCTYPE accounts [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><accounts>&x;</accounts>",
        ]
        for text in texts {
            let judgement = judge.xml(text)
            #expect(judgement.document == nil)
            #expect(!"\(judgement)".contains("root:"))
        }
    }
}

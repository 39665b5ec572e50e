import JSONText
import TestSupport
import Testing

@Suite struct CanonicalTests {
    static func canonical(_ text: String) throws -> String {
        String(decoding: try JSONDocument(parsing: Array(text.utf8)).root.canonicalBytes(), as: UTF8.self)
    }

    @Test(arguments: [
        ("1.10", "1.1"), ("1e2", "100"), ("-0", "0"), ("-0.0e7", "0"), ("9007199254740993", "9007199254740993"),
        ("1E21", "1e+21"), ("100000000000000000000", "100000000000000000000"), ("1000000000000000000000", "1e+21"),
        ("0.000001", "0.000001"), ("0.0000001", "1e-7"), ("123e-9", "1.23e-7"), ("4.50", "4.5"), ("2e-3", "0.002"),
        ("333333333.33333329", "333333333.33333329"), ("12345678901234567890123.450", "1.234567890123456789012345e+22"),
        ("1e999999999", "1e+999999999"), ("-1.5E-999999999999999999", "-1.5e-999999999999999999"),
        ("0.1234567890123456789012345678900", "0.12345678901234567890123456789"), ("123.456e1", "1234.56"),
        ("999999999999999999999", "999999999999999999999"), ("0e999999999999999999", "0"), ("10", "10"),
        ("-10.0", "-10"),
        ("0.12e999999999999999999", "1.2e+999999999999999998"), ("10e999999999999999998", "1e+999999999999999999"),
    ])
    func numbersKeepTheirDigits(text: String, canonical: String) throws {
        #expect(try Self.canonical(text) == canonical)
    }

    /// RFC 8785, section 3.2.2, without the number that only a double would change.
    @Test func exampleOfSection322() throws {
        let text = #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#
        let canonical = #"""
            {"literals":[null,true,false],"numbers":[333333333.33333329,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}
            """#
        #expect(try Self.canonical(text) == canonical)
    }

    /// RFC 8785, section 3.2.3: keys in the order of their UTF-16 code units.
    @Test func exampleOfSection323() throws {
        let text = #"""
            {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
            """#
        let canonical =
            #"{"\r":"Carriage Return","1":"One",""# + "\u{80}" + #"":"Control","ö":"Latin Small Letter O With"#
            + #" Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face",""# + "\u{fb33}"
            + #"":"Hebrew Letter Dalet With Dagesh"}"#
        #expect(try Array(Self.canonical(text).utf8) == Array(canonical.utf8))
    }

    /// RFC 8785, appendix B, where the exact decimal and the double are the same number.
    @Test(arguments: [
        "0", "5e-324", "-5e-324", "1.7976931348623157e+308", "9007199254740992", "-9007199254740992",
        "295147905179352830000", "9.999999999999997e+22", "1e+23", "1.0000000000000001e+23", "999999999999999700000",
        "1e+21", "9.999999999999997e-7", "0.000001", "333333333.3333332", "1424953923781206.2",
    ])
    func appendixB(text: String) throws {
        #expect(try Self.canonical(text) == text)
    }

    @Test func sameDataInAnySpellingHasTheSameForm() throws {
        var generator = SeededGenerator(seed: 0x51_0C_E5)
        for round in 0..<4000 {
            let value = RandomJSON.make(depth: 4, using: &generator)
            let first = value.spelled(using: &generator)
            let second = value.spelled(using: &generator)
            let form = try Self.canonical(first)
            #expect(try Self.canonical(second) == form, "round \(round): \(first) and \(second)")
            #expect(try Self.canonical(form) == form, "round \(round): \(form)")
        }
    }

    @Test func changedDataHasAnotherForm() throws {
        var generator = SeededGenerator(seed: 0xC4A_46ED)
        for round in 0..<4000 {
            let value = RandomJSON.make(depth: 4, using: &generator)
            let text = value.spelled(using: &generator)
            let other = value.changed(using: &generator).spelled(using: &generator)
            #expect(try Self.canonical(text) != Self.canonical(other), "round \(round): \(text) and \(other)")
        }
    }

    @Test func chunksJoinToTheWhole() throws {
        let long = String(repeating: "x", count: 40_000)
        let text = "[" + (0..<3000).map { #"{"b": \#($0), "a": "ö\#($0)"}"# }.joined(separator: ",") + ",\"\(long)\"]"
        let root = try JSONDocument(parsing: Array(text.utf8)).root
        var joined: [UInt8] = []
        var chunks = 0
        root.canonicalize { chunk in
            joined += chunk
            chunks += 1
        }
        #expect(chunks > 3)
        #expect(joined == root.canonicalBytes())
        #expect(try JSONDocument(parsing: joined).root.count == 3001)
        struct Full: Error {}
        #expect(throws: Full.self) { try root.canonicalize { _ in throw Full() } }
    }
}

import JSONSchema
import JSONText
import Testing

@Suite struct PatternTests {
    static func matches(_ pattern: String, _ text: String) throws -> Bool {
        var schema = Array(#"{"pattern": "#.utf8)
        schema.appendJSONString(pattern)
        schema += Array("}".utf8)
        var value: [UInt8] = []
        value.appendJSONString(text)
        return try JSONSchema(compiling: JSONDocument(parsing: schema)).validate(JSONDocument(parsing: value).root)
            .isValid
    }

    /// As ECMA-262 (with `u`) has it, which is not as PCRE2 would.
    @Test(arguments: [
        ("^a$", "a", true), ("^a$", "a\n", false), ("a", "bab", true), ("^.$", "😀", true), ("^.$", "\u{2028}", false),
        ("^.$", "\r", false), (#"^\d$"#, "٣", false), (#"^\w$"#, "é", false), (#"^\W$"#, "é", true),
        (#"^\s$"#, "\u{FEFF}", true), (#"^\s$"#, "\u{2003}", true), (#"^\S$"#, "\u{FEFF}", false),
        (#"^[\s]$"#, "\u{A0}", true),
        (#"^[\S]$"#, "\u{A0}", false), (#"^[\S]$"#, "x", true), (#"^[^\S]$"#, "\u{A0}", true),
        ("^[]$", "", false), ("^[^]$", "\n", true), (#"^\u0041\u{1F600}$"#, "A😀", true),
        (#"^\ud83d\ude00$"#, "😀", true),
        (#"^\cJ$"#, "\n", true), (#"^\x41\0$"#, "A\0", true), (#"^[\b]$"#, "\u{8}", true),
        (#"\bfoo\b"#, "a foo b", true),
        (#"\bé"#, "é", false), (#"^\p{Letter}+$"#, "aé", true), (#"^\p{Script=Greek}+$"#, "αβγ", true),
        (#"^\P{Lu}$"#, "a", true),
        (#"^\p{gc=Decimal_Number}$"#, "٣", true), (#"^(a)|b\1$"#, "b", true), (#"^(?<x>a|b)\k<x>$"#, "aa", true),
        (#"^(?<x>a|b)\k<x>$"#, "ab", false), ("^a{2}$", "aa", true), ("^a{,2}$", "a{,2}", true), ("^x{$", "x{", true),
        (#"^(?=a)a$"#, "a", true), (#"(?<!x)y"#, "xy", false), ("^[a-z&&b]$", "&", true), ("^#  c$", "#  c", true),
        ("^[[:alpha:]]$", ":]", true), (#"^\/\-$"#, "/-", true), ("", "anything", true), (#"^[\^\]\\]$"#, "]", true),
        ("^(?:[^\"]*)$", "é\u{10FFFF}", true),
    ])
    func meanWhatECMA262Says(pattern: String, text: String, expected: Bool) throws {
        #expect(try Self.matches(pattern, text) == expected)
    }

    @Test(arguments: [
        "a++", "(?>a)", "(?i)a", #"\Aa"#, #"a\Z"#, #"\Qa\E"#, #"\h"#, #"\R"#, "(?P<n>a)", "(*UTF)", "(?#c)", "[b-a]",
        "a{2,1}",
        "(a", "a)", "[a", #"\"#, #"\1"#, #"(a\1)"#, #"\1(a)"#, #"(?:(a)|b)*\1"#, "(?=a)*", "^*", "*", #"\u12"#,
        #"\ud800"#,
        #"\p{Nonsense}"#, "(?<a>x)(?<a>y)", #"\k<no>"#, "(?<=a+)b", #"\01"#, #"[\d-x]"#, #"[\d-\w-]{,3"# + "[",
    ])
    func areRefusedWhereTheyCannotBeKept(pattern: String) {
        #expect(throws: JSONSchemaError.self) { try Self.matches(pattern, "") }
    }

    /// An expression with catastrophic backtracking is given up, and the document told to be unjudged.
    @Test(.timeLimit(.minutes(1)), arguments: [#"{"pattern": "^(a+)+$"}"#, #"{"not": {"pattern": "^(a+)+$"}}"#])
    func noDocumentHangsTheService(item: String) throws {
        let value =
            "[" + (0..<300).map { _ in "\"" + String(repeating: "a", count: 60) + "!\"" }.joined(separator: ",") + "]"
        let report = try Fixture.report("{\"items\": \(item)}", value)
        #expect(!report.isValid)
        #expect(report.errors.first?.message.contains("takes too long") == true)
    }
}

import Model
import Testing

@testable import Service

struct SourceExcerptTests {
    typealias Place = SourceExcerpt.Place

    private func line(
        _ text: String, _ line: Int, _ column: Int, hiding names: Set<String> = [], all: Bool = false,
        isBroken: Bool = false
    ) -> SourceExcerpt.Line? {
        let place = Place(line: line, column: column)
        return SourceExcerpt(
            of: Array(text.utf8), at: [place], hiding: SensitiveFields(names: names, hidesAll: all), isBroken: isBroken
        ).line(at: place)
    }

    @Test func theLineIsShownWithItsColumn() {
        let text = "{\"accounts\": [\n  {\"amount\": -5},\n  {}\n]}"
        #expect(line(text, 2, 14) == .init(number: 2, text: "  {\"amount\": -5},", mark: 13))
        let excerpt = SourceExcerpt(of: Array(text.utf8), at: [Place(line: 2, column: 14)])
        #expect(excerpt.lines(at: Place(line: 2, column: 14)).map(\.number) == [1, 2, 3])
        #expect(excerpt.line(at: Place(line: 9, column: 1)) == nil)
    }

    @Test func columnsCountScalars() {
        #expect(line("ä😀x", 1, 3) == .init(number: 1, text: "ä😀x", mark: 2))
        #expect(line("ab", 1, 9)?.mark == 2)
    }

    @Test func ofALongLineTheSurroundingsAreShown() throws {
        let text = String(repeating: "é", count: 500) + "!" + String(repeating: "b", count: 500)
        let found = try #require(line(text, 1, 501))
        #expect(found.text.unicodeScalars.count == 101)
        #expect(found.text.hasPrefix("…é") && found.text.hasSuffix("b…"))
        #expect(Array(found.text.unicodeScalars)[try #require(found.mark)] == "!")
    }

    @Test func nothingMovesTheMark() {
        #expect(line("a\u{202E}b\u{1B}[2Jc\r\n", 1, 8)?.text == "a b [2Jc")
    }

    @Test(arguments: [
        (#"{"tfn": "123 \" 456", "b": 1}"#, #"{"tfn": •••, "b": 1}"#),
        (#"{"tfn" : 12345}"#, #"{"tfn" : •••}"#),
        (#"{"\u0074fn": 12345}"#, #"{"\u0074fn": •••}"#),
        (#"{"tfn": {"a": ["}", 1]}, "c": 2}"#, #"{"tfn": •••, "c": 2}"#),
        (#"{"tfn": [1, {"b": 2}]}"#, #"{"tfn": •••}"#),
        (#"{"x": "tfn", "y": "12"}"#, #"{"x": "tfn", "y": "12"}"#),
        (#"{"tfn": "unfinished 12"#, #"{"tfn": •••"#),
        ("<r><tfn>12</tfn><b>1</b></r>", "<r><tfn>•••</tfn><b>1</b></r>"),
        ("<r><n:tfn a='1'>1<x>2</x></n:tfn><b/></r>", "<r><n:tfn a='•••'>•••</n:tfn><b/></r>"),
        ("<r tfn = \"12\" b='1'/>", "<r tfn = \"•••\" b='1'/>"),
        ("<r><!-- <tfn>1</tfn> --><tfn/><b>1</b></r>", "<r>•••<tfn/><b>1</b></r>"),
        ("<tfn><![CDATA[</tfn>12]]></tfn>", "<tfn>•••</tfn>"),
        ("<tfn>12", "<tfn>•••"),
    ])
    func sensitiveValuesAreHidden(text: String, shown: String) {
        #expect(line(text, 1, 1, hiding: ["tfn"])?.text == shown)
    }

    @Test func aValueIsHiddenInEachOfItsLines() {
        let place = Place(line: 5, column: 1)
        let text = Array("<r>\n<tfn>1\n22\n3</tfn>\n<b>x</b></r>".utf8)
        let excerpt = SourceExcerpt(of: text, at: [place], hiding: SensitiveFields(names: ["tfn"]))
        #expect(excerpt.lines(at: place).map(\.text) == ["•••</tfn>", "<b>x</b></r>"])
        let middle = Place(line: 3, column: 1)
        let lines = SourceExcerpt(of: text, at: [middle], hiding: SensitiveFields(names: ["tfn"])).lines(at: middle)
        #expect(lines.map(\.text) == ["<tfn>•••", "•••", "•••</tfn>"])
    }

    @Test(arguments: [
        (#"{"a": "x", "b": [1, "y", null], "c": {"d": true}}"#, #"{"a": •••, "b": [•••, •••, •••], "c": {"d": •••}}"#),
        ("<r a='1'><b>2</b><![CDATA[3]]></r>", "<r a='•••'><b>•••</b>•••</r>"),
    ])
    func allValuesCanBeHidden(text: String, shown: String) {
        #expect(line(text, 1, 1, all: true)?.text == shown)
    }

    @Test func aMarkInAHiddenValueIsAtItsStart() {
        #expect(line(#"{"tfn": "12345"}"#, 1, 12, hiding: ["tfn"]) == .init(number: 1, text: #"{"tfn": •••}"#, mark: 8))
    }

    /// Where a quote is missing, a value may look like anything.
    @Test func whereATextCannotBeReadNothingBehindItIsShown() {
        let text = #"{"a": "x, "tfn": "12345"}"#
        #expect(line(text, 1, 12, hiding: ["tfn"], isBroken: true)?.text == #"{"a": "x, "•••"#)
        #expect(line(text, 1, 12, isBroken: true)?.text == text)
    }

    @Test func anEncodingThatIsNotUnderstoodShowsNothing() {
        let place = Place(line: 1, column: 1)
        let text = Array("<?xml version='1.0' encoding='UTF-7'?><tfn>+ADE-</tfn>".utf8)
        #expect(SourceExcerpt(of: text, at: [place], hiding: SensitiveFields(names: ["tfn"])).line(at: place) == nil)
        let latin = Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xE9, UInt8(ascii: "!")]
        let last = Place(line: 1, column: 48)
        #expect(SourceExcerpt(of: latin, at: [last]).line(at: last)?.text.hasSuffix("<a>é!") == true)
    }
}

struct SensitiveFieldsTests {
    private func fields(_ schema: String) -> SensitiveFields { SensitiveFields(schema: Array(schema.utf8)) }

    @Test func marksArePutDownToTheirProperty() {
        #expect(
            fields(
                """
                {"properties": {"claims": {"items": {"$ref": "#/$defs/claim"}}},
                 "$defs": {"claim": {"properties": {"tfn": {"$ref": "#/$defs/secret"}, "b": {"type": "string"},
                   "bank": {"anyOf": [{"type": "null"}, {"type": "object", "x-sensitive": true}]}}},
                   "secret": {"type": "string", "x-sensitive": true}}}
                """) == SensitiveFields(names: ["tfn", "bank"]))
        #expect(fields(#"{"properties": {"a": {"properties": {"x-sensitive": {}}}}}"#).isEmpty)
    }

    @Test func aMarkBelowAPatternHidesTheWholeField() {
        #expect(
            fields(#"{"properties": {"a": {"patternProperties": {"^x": {"x-sensitive": true}}}}}"#)
                == SensitiveFields(names: ["a"]))
    }

    @Test(arguments: [
        #"{"x-sensitive": true}"#, #"{"additionalProperties": {"x-sensitive": true}}"#,
        #"{"$ref": "https://example.com/other"}"#, #"{"$defs": {"lost": {"x-sensitive": true}}}"#, "no JSON",
    ])
    func whatIsUnclearHidesAll(schema: String) {
        #expect(fields(schema).hidesAll)
    }

    @Test func aSendersOwnNameIsHiddenToo() {
        let fields = SensitiveFields(names: ["taxFileNumber"]).renamed(by: ["TFN": "taxFileNumber", "X": "other"])
        #expect(fields.names == ["taxFileNumber", "TFN"])
    }
}

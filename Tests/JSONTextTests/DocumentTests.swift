import JSONText
import TestSupport
import Testing

@Suite struct DocumentTests {
    static func parse(_ text: String) throws -> JSONDocument { try JSONDocument(parsing: Array(text.utf8)) }

    @Test func valuesAreReached() throws {
        let document = try Self.parse(
            #"{"a": [1, "zw\u00f6i", {"b/c": null, "~": true}], "n": 1.50, "e": {}, "f": false, "l": []}"#)
        let root = document.root
        #expect(root.kind == .object)
        #expect(root.count == 5)
        #expect(root["a"]?.count == 3)
        #expect(root["a"]?[0]?.int == 1)
        #expect(root["a"]?[1]?.string == "zwöi")
        #expect(root["a"]?[3] == nil)
        #expect(root["a"]?[2]?["b/c"]?.isNull == true)
        #expect(root["n"]?.number?.description == "1.5")
        #expect(root["n"]?.int == nil)
        #expect(root["f"]?.bool == false)
        #expect(root["missing"] == nil)
        #expect(root["e"].map { Array($0.members).count } == 0)
        #expect(root["l"].map { Array($0.elements).count } == 0)
        #expect(root["a"]?["x"] == nil)
        #expect(root.members.map { $0.key.string } == ["a", "n", "e", "f", "l"])
        #expect(root["a"]?.elements.map { $0.kind } == [.number, .string, .object])
        #expect(root[try #require(JSONPointer("/a/2/b~1c"))]?.isNull == true)
        #expect(root[try #require(JSONPointer("/a/2/~0"))]?.bool == true)
        #expect(root[try #require(JSONPointer("/a/02"))] == nil)
    }

    @Test func aPointerGoesThroughKeysThatBeginWithACombiningMark() throws {
        let root = try Self.parse("{\"a\":[{\"\u{301}x\":5}]}").root
        let pointer = try #require(JSONPointer("/a/0/\u{301}x"))
        #expect(pointer.tokens.count == 3)
        #expect(root[pointer]?.int == 5)
    }

    @Test func byteRangesAreThoseOfTheText() throws {
        let document = try Self.parse(#" {"k\u0065y" : [ 1.5 , "x" ], "o":{ } } "#)
        func text(_ range: Range<Int>) -> String { String(decoding: document.text[range], as: UTF8.self) }
        #expect(text(document.root.byteRange) == #"{"k\u0065y" : [ 1.5 , "x" ], "o":{ } }"#)
        let member = try #require(document.root.members.first { $0.key == "key" })
        #expect(text(member.key.byteRange) == #""k\u0065y""#)
        #expect(text(member.value.byteRange) == #"[ 1.5 , "x" ]"#)
        #expect(member.value.elements.map { text($0.byteRange) } == ["1.5", #""x""#])
        #expect(document.root["o"].map { text($0.byteRange) } == "{ }")
    }

    @Test func valuesOutliveTheirDocument() throws {
        func value() throws -> JSONValue? { try Self.parse(#"["kept"]"#).root[0] }
        #expect(try value()?.string == "kept")
    }

    /// Positions against a count made scalar by scalar, forwards and backwards, over many marks and lines of any length.
    @Test(arguments: [0, 3]) func positionsAreCountedRight(mark: Int) throws {
        var generator = SeededGenerator(seed: 5)
        var text = mark == 3 ? "\u{FEFF}[" : "["
        while text.utf8.count < 400_000 {
            text += ["\"aé😀\",", "1,", "\n", "\r\n", "        ", "\"\(String(repeating: "x", count: 300))\","]
                .randomElement(using: &generator)!
        }
        text += "0]"
        var expected: [Int: JSONPosition] = [:]
        var (line, column, offset) = (1, 1, 0)
        for scalar in text.unicodeScalars {
            expected[offset] = JSONPosition(line: line, column: column)
            if scalar == "\n" { (line, column) = (line + 1, 1) } else if scalar != "\u{FEFF}" { column += 1 }
            offset += UTF8.width(scalar)
        }
        let document = try Self.parse(text)
        let offsets = expected.keys.sorted()
        for index in stride(from: offsets.count - 1, to: 0, by: -997) {
            #expect(document.position(ofByte: offsets[index]) == expected[offsets[index]])
        }
        for index in stride(from: 0, to: offsets.count, by: 1013) {
            #expect(document.position(ofByte: offsets[index]) == expected[offsets[index]])
        }
        #expect(document.position(ofByte: .max) == JSONPosition(line: line, column: column))
    }

    @Test(arguments: [
        ([], ""), (["a", "0"], "/a/0"), (["a/b", "~c", ""], "/a~1b/~0c/"), (["~1"], "/~01"),
    ])
    func pointersAreSpelledAsRFC6901(tokens: [String], text: String) {
        #expect(JSONPointer(tokens: tokens).description == text)
        #expect(JSONPointer(text)?.tokens == tokens)
    }

    @Test(arguments: ["a", "/~", "/~2"]) func noPointers(text: String) {
        #expect(JSONPointer(text) == nil)
    }

    @Test func stringsAreQuoted() throws {
        var bytes: [UInt8] = []
        bytes.appendJSONString("a\"\\\n\u{1}/é")
        #expect(String(decoding: bytes, as: UTF8.self) == #""a\"\\\n\u0001/é""#)
        #expect(try JSONDocument(parsing: bytes).root.string == "a\"\\\n\u{1}/é")
    }
}

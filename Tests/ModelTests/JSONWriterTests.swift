import Foundation
import Model
import Testing

@Suite struct JSONWriterTests {
    @Test(arguments: [true, false]) func membersKeepTheirOrder(indented: Bool) throws {
        var json = JSONWriter(indented: indented)
        json.object { json in
            json.member("z", 1)
            json.member("a", "text")
            json.member("m") { $0.array { _ in } }
            json.member("list") { json in
                json.array { list in
                    for number in 1...3 { list.element { $0.value(number) } }
                    list.element { $0.object { _ in } }
                }
            }
            json.member("nothing", nil as String?)
            json.member("yes", true)
        }
        let keys = ["z", "a", "m", "list", "nothing", "yes"].compactMap { json.text.range(of: "\"\($0)\"") }
        #expect(keys.count == 6)
        #expect(keys.map(\.lowerBound) == keys.map(\.lowerBound).sorted())
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any])
        #expect(read["z"] as? Int == 1)
        #expect((read["list"] as? [Any])?.count == 4)
        #expect(read["nothing"] is NSNull)
        #expect(json.text.contains("\n") == indented)
    }

    @Test func whatIsTakenOnTheWayIsTheSameInTheEnd() {
        func write(_ take: (inout JSONWriter) -> Void) -> JSONWriter {
            var json = JSONWriter(indented: true)
            json.array { list in
                for number in 1...3 {
                    list.element { $0.object { $0.member("a", number) } }
                    take(&list)
                }
            }
            return json
        }
        var taken: [UInt8] = []
        let rest = write { taken += $0.take() }
        #expect(!taken.isEmpty && rest.bytes.count < taken.count)
        #expect(taken + rest.bytes == write { _ in }.bytes)
    }

    @Test func anIndentedObjectReadsLikeOneWrittenByHand() {
        var json = JSONWriter(indented: true)
        json.object { json in
            json.member("a", 1)
            json.member("b") { json in json.array { $0.element { $0.object { $0.member("c", "d") } } } }
            json.member("e") { $0.array { _ in } }
        }
        #expect(
            json.text == """
                {
                  "a": 1,
                  "b": [
                    {
                      "c": "d"
                    }
                  ],
                  "e": []
                }
                """)
    }

    @Test func everyScalarComesBack() throws {
        let scalars = (Array(0...0x2FF) + [0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFF, 0x1F4CE, 0x10FFFF])
            .compactMap { Unicode.Scalar($0 as UInt32) }
        for scalar in scalars {
            let string = "<" + String(Character(scalar)) + "\"\\>"
            var json = JSONWriter()
            json.object { $0.member(string, string) }
            let read = try JSONDecoder().decode([String: String].self, from: Data(json.text.utf8))
            #expect(read.first?.key.unicodeScalars.elementsEqual(string.unicodeScalars) == true)
            #expect(read.first?.value.unicodeScalars.elementsEqual(string.unicodeScalars) == true)
        }
    }

    @Test func hexadecimalDigitsAreInLowerCase() {
        #expect(([0x00, 0x9A, 0xFF] as [UInt8]).hex == "009aff")
        #expect(([] as [UInt8]).hex == "")
    }
}

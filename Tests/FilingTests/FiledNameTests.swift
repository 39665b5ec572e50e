import Crypto
import FileSystem
import Filing
import Model
import Testing

@Suite struct FiledNameTests {
    @Test(arguments: [
        ("orders.json", 1, "orders.json"), ("orders.json", 2, "orders.2.json"), ("orders.json", 11, "orders.11.json"),
        ("README", 2, "README.2"), ("a.tar.gz", 2, "a.tar.2.gz"), (".x", 3, ".x.3"),
    ])
    func aNumberGoesBeforeTheExtension(name: String, number: Int, expected: String) {
        let filed = FiledName.candidate(FileName(name), number: number)
        #expect(filed.drop.description == expected)
        #expect(filed.sidecar.description == expected + ".result.json")
    }

    @Test(arguments: [
        ("orders.json", "orders.json"), ("März:1.json", "M%C3%A4rz%3A1.json"), ("a b%.pdf", "a%20b%25.pdf"),
    ])
    func aPlainNameIsOneForAnyFileSystem(name: String, expected: String) {
        #expect(FiledName.plain(FileName(name)).description == expected)
    }

    @Test(arguments: [
        [UInt8](repeating: 0xFF, count: 255), Array(String(repeating: "n", count: 250).utf8) + Array(".json".utf8),
    ])
    func aLongPlainNameIsCutAndCarriesTheHash(bytes: [UInt8]) {
        let plain = FiledName.plain(FileName(bytes: bytes))
        #expect(plain.bytes.count == 120)
        #expect(plain.description.contains("~\(Array(SHA256.hash(data: bytes)).hex.prefix(8))"))
        #expect(plain.description.hasSuffix(".json") == (bytes.last == UInt8(ascii: "n")))
        #expect(FiledName.candidate(plain, number: 999).sidecar.bytes.count <= 143)
        // Two names that are cut alike stay two.
        #expect(FiledName.plain(FileName(bytes: bytes.dropLast() + [0x21])) != plain)
    }

    @Test func aSidecarStaysWholeUpToTheLongestName() {
        let name = FileName(String(repeating: "n", count: 243))
        #expect(FiledName(name).sidecar.bytes == name.bytes + Array(".result.json".utf8))
    }

    @Test(arguments: [244, 250, 255]) func aLongerSidecarIsCutAndCarriesTheHash(count: Int) {
        let name = FileName(String(repeating: "n", count: count - 5) + ".json")
        let digits = Array(SHA256.hash(data: name.bytes)).hex.prefix(8)
        let expected = String(repeating: "n", count: 200) + "~\(digits).result.json"
        #expect(FiledName(name).sidecar.description == expected)
        #expect(FiledName(name).drop == name)
    }

    @Test(arguments: [
        String(repeating: "n", count: 250) + ".json", "a." + String(repeating: "e", count: 253),
        String(repeating: "n", count: 255), "." + String(repeating: "e", count: 254),
    ])
    func numberedNamesOfAnyLengthFitAndDiffer(name: String) {
        let names = (1...120).map { FiledName.candidate(FileName(name), number: $0) }
        #expect(names.allSatisfy { $0.drop.bytes.count <= 255 && $0.sidecar.bytes.count <= 255 })
        #expect(Set(names.map(\.drop)).count == names.count)
        #expect(Set(names.map(\.sidecar)).count == names.count)
    }

    @Test func bytesThatAreNotTextAreKept() {
        let name = FileName(bytes: [0xFF, 0x0A, UInt8(ascii: "."), 0xFE])
        #expect(FiledName.candidate(name, number: 2).drop.bytes == [0xFF, 0x0A] + Array(".2.".utf8) + [0xFE])
    }
}

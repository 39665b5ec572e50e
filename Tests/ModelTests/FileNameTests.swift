import Model
import Testing

@Suite struct FileNameTests {
    @Test(
        arguments: [
            (Array("orders.json".utf8), "orders.json"),
            (Array("Grüße 📎 ✅.pdf".utf8), "Grüße 📎 ✅.pdf"),
            (Array("👨‍👩‍👧.json".utf8), "👨‍👩‍👧.json"),
            ([0x61, 0x0A, 0x62], #"a\x0ab"#),
            ([0x00, 0x1B, 0x7F], #"\x00\x1b\x7f"#),
            ([0xFF, 0xFE], #"\xff\xfe"#),
            ([0x61, 0xC3], #"a\xc3"#),
            ([0xC3, 0x28], #"\xc3("#),
            // An overlong slash, a surrogate, and what lies beyond Unicode.
            ([0xC0, 0xAF], #"\xc0\xaf"#),
            ([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
            ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
            ([0xC2, 0x85], #"\xc2\x85"#),
            (Array("a\u{202E}fdp.exe".utf8), #"a\xe2\x80\xaefdp.exe"#),
            (Array("\u{2066}x\u{2069}".utf8), #"\xe2\x81\xa6x\xe2\x81\xa9"#),
            (Array("\u{2028}\u{2029}".utf8), #"\xe2\x80\xa8\xe2\x80\xa9"#),
            ([], ""),
        ] as [([UInt8], String)])
    func whatIsUnsafeToShowIsWrittenInHexadecimal(bytes: [UInt8], text: String) {
        #expect(FileName(bytes: bytes).description == text)
    }

    @Test func everyNameIsShownOnOneLineWithoutControlCharacters() {
        for first in UInt8.min...UInt8.max {
            for second in stride(from: UInt8(0), through: 255, by: 3) {
                let text = FileName(bytes: [first, second, 0x41]).description
                let controls = text.unicodeScalars.filter { $0.properties.generalCategory == .control }
                #expect(controls.isEmpty, "\(first) \(second)")
                #expect(text.unicodeScalars.last == "A")
            }
        }
    }

    @Test(arguments: [
        ("orders.json", "orders", ".json"), ("a.tar.gz", "a.tar", ".gz"), ("README", "README", ""),
        (".hidden", ".hidden", ""), ("end.", "end", "."), ("..x", ".", ".x"), ("", "", ""),
    ])
    func aNameSplitsBeforeItsLastDot(name: String, stem: String, suffix: String) {
        let split = FileName(name).split
        #expect(Array(split.stem) == Array(stem.utf8))
        #expect(Array(split.suffix) == Array(suffix.utf8))
    }

    @Test(arguments: [("SCAN.PDF", "pdf"), ("a.JsOn", "json"), ("none", ""), (".pdf", ""), ("x.", "")])
    func theExtensionIsInLowerCase(name: String, suffix: String) {
        #expect(FileName(name).lowercaseExtension == suffix)
    }

    @Test func namesAreInTheOrderOfTheirBytes() {
        let names = [[0xFF], [0x61, 0x2E], [0x61], [0xC3, 0xA4], [0x5A], []].map { FileName(bytes: $0 as [UInt8]) }
        #expect(names.sorted().map(\.bytes) == [[], [0x5A], [0x61], [0x61, 0x2E], [0xC3, 0xA4], [0xFF]])
    }

    @Test(arguments: [
        ("x.json", "anything", FileForm.json), ("X.JSON", "<a/>", .json), ("x.xml", "{", .xml), ("x.pdf", "", .pdf),
        ("noname", " \n\t[1]", .json), ("noname", "\u{FEFF}{", .json), ("noname", "\r\n<a>", .xml),
        ("noname", "%PDF-1.7", .pdf), ("noname", "%PD", .other), ("x.txt", "hello", .other), ("x", "", .other),
    ])
    func aFileIsKnownByItsNameElseByItsFirstBytes(name: String, head: String, form: FileForm) {
        #expect(FileForm(name: FileName(name), head: Array(head.utf8)) == form)
    }

    /// As UTF-16 and UTF-32 write it, with a byte order mark or without, in both orders.
    @Test(arguments: [
        [0xFF, 0xFE, 0x3C, 0, 0x61, 0], [0xFE, 0xFF, 0, 0x20, 0, 0x3C], [0x3C, 0, 0x61, 0], [0, 0x3C, 0, 0x61],
        [0xFF, 0xFE, 0, 0, 0x3C, 0, 0, 0], [0, 0, 0xFE, 0xFF, 0, 0, 0, 0x3C],
    ])
    func wideXMLIsKnownByItsFirstBytes(head: [UInt8]) {
        #expect(FileForm(name: FileName("noname"), head: head) == .xml)
        #expect(FileForm(name: FileName("noname"), head: head.map { $0 == 0x3C ? 0x41 : $0 }) == .other)
    }
}

import Foundation
import Inbox
import Model
import Testing

@Suite struct FileEndTests {
    @Test(arguments: [
        ("a.json", "{\"a\":1}", true), ("a.json", "{\"a\":1}\r\n\t ", true), ("a.json", "[1,2]", true),
        ("a.json", "{\"a\":1", false), ("a.json", "[1,2", false), ("a.json", "{\"a\":", false), ("a.json", " ", false),
        ("a.json", "", false), ("a.pdf", "", false), ("noname", "", false), ("a.txt", "", false),
        ("noname", "[1, 2", false), ("noname", "[1, 2]", true), ("a.pdf", "%PDF-1.4 abc %%EOF\n", true),
        ("a.pdf", "%PDF-1.4 abc", false), ("a.pdf", "%PD", false), ("a.pdf", "no PDF at all", true),
        ("a.txt", "anything", true), ("noname", "%PDF-1.4 …", false),
    ])
    func anInterruptedUploadIsKnownByItsEnd(name: String, text: String, isWhole: Bool) {
        let bytes = Array(text.utf8)
        #expect(FileEnd.isWhole(FileName(name), head: bytes, tail: bytes) == isWhole)
    }

    @Test func onlyTheTailMattersForALongFile() {
        let head = Array("%PDF-1.7".utf8)
        #expect(FileEnd.isWhole(FileName("a.pdf"), head: head, tail: Array("trailer %%EOF".utf8)))
        #expect(!FileEnd.isWhole(FileName("a.pdf"), head: head, tail: Array("binary".utf8)))
    }

    @Test(
        arguments: [
            ("a.xml", "<a></a>", true), ("a.xml", "<a><b/>", true), ("a.xml", "<a><b>", false),
            ("a.xml", "<a></a", false),
            ("a.txt", "<a></a><!-- end -->\n", true), ("a.txt", "<a><!-- end -->", false), ("a.txt", "{\"a\":", false),
            ("a.json", "[1]", true), ("a.json", "[1", false), ("noname", "{\"ü\":\"𝄞\"}", true),
            ("a.xml", "<ü></ü>", true),
        ], [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian, .utf16, .utf32LittleEndian, .utf32BigEndian])
    func theEndIsReadInItsEncoding(document: (name: String, text: String, isWhole: Bool), encoding: String.Encoding) {
        let bytes = Array(document.text.data(using: encoding) ?? Data())
        #expect(!bytes.isEmpty)
        let name = FileName(document.name)
        #expect(FileEnd.isWhole(name, head: Array(bytes.prefix(64)), tail: bytes) == document.isWhole)
        // Cut within its last character.
        if encoding != .utf8 { #expect(!FileEnd.isWhole(name, head: bytes, tail: bytes.dropLast())) }
    }

    @Test(arguments: [("a.json", "{}"), ("a.xml", "<a></a>"), ("a.pdf", "%PDF-1.4")])
    func roomThatWasKeptAndNotFilledIsNoEnd(name: String, text: String) {
        let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 100)
        #expect(!FileEnd.isWhole(FileName(name), head: Array(bytes.prefix(64)), tail: bytes))
        let nothing = [UInt8](repeating: 0, count: 100)
        #expect(!FileEnd.isWhole(FileName(name), head: nothing, tail: nothing) || name == "a.pdf")
    }
}

@Suite struct MarkerPatternTests {
    @Test(arguments: [
        ("{name}.ready", "a.json", "a.json.ready"), ("ready-{name}", "a.json", "ready-a.json"),
        (".{name}.ok", "a.json", ".a.json.ok"), ("ok.{name}.ok", "x", "ok.x.ok"),
    ])
    func aMarkerSpeaksOfItsDrop(pattern: String, drop: String, marker: String) throws {
        let pattern = try #require(MarkerPattern(pattern))
        #expect(pattern.marker(of: FileName(drop)) == FileName(marker))
        #expect(pattern.drop(of: FileName(marker)) == FileName(drop))
        #expect(pattern.drop(of: FileName(drop)) == nil)
    }

    @Test func whatHasNoNameInItIsNoMarker() throws {
        for text in ["", "{name}", "ready", "{name}{name}", "{stem}.ready"] { #expect(MarkerPattern(text) == nil) }
        let pattern = try #require(MarkerPattern("{name}.ready"))
        #expect(pattern.drop(of: FileName(".ready")) == nil)
        let odd = FileName(bytes: [0xFF, 0x0A])
        #expect(pattern.drop(of: pattern.marker(of: odd)) == odd)
    }
}

@Suite struct IgnoreListTests {
    @Test(arguments: [
        ".hidden", ".orders.json.aB3xYz", "~lock", "~$orders.xlsx", "a.tmp", "a.part", "a.json.partial", "x.filepart",
        "movie.crdownload", ".a.swp", "a.swp", "a.lock", "a.writing", "old.bak", "x.001",
    ])
    func namesOfFilesThatAreOnTheirWayAreIgnored(name: String) {
        #expect(IgnoreList(globs: ["*.bak", "?.00[0-9]"]).contains(FileName(name)))
    }

    @Test(arguments: ["a.json", "part", "tmp", "a.tmp.json", "lock", "a.parts", "a~", "bak", "a.bak.json", "xx.001"])
    func otherNamesAreNot(name: String) {
        #expect(!IgnoreList(globs: ["*.bak", "?.00[0-9]"]).contains(FileName(name)))
    }

    @Test func aNameThatIsNotTextIsMatchedByItsBytes() {
        #expect(!IgnoreList(globs: ["*.bak"]).contains(FileName(bytes: [0xFF, 0x0A, 0x41])))
        #expect(IgnoreList().contains(FileName(bytes: [0xFF] + Array(".tmp".utf8))))
        #expect(!IgnoreList().contains(FileName(bytes: [])))
    }
}

@Suite struct FolderHintsTests {
    @Test func whatComesTogetherIsTakenTogether() async {
        let hints = FolderHints()
        hints.add(.entry(FileName("a"), renamedIn: false))
        hints.add(.entry(FileName("a"), renamedIn: true))
        hints.add(.entry(FileName("a"), renamedIn: false))
        hints.add(.entry(FileName("b"), renamedIn: false))
        var iterator = hints.makeAsyncIterator()
        let gathered = await iterator.next(isolation: nil)
        #expect(gathered?.entries.map(\.name) == [FileName("a"), FileName("b")])
        #expect(gathered?.entries.map(\.renamedIn) == [true, false])
        #expect(gathered?.mustList == false)
        hints.add(.wake)
        #expect(await iterator.next(isolation: nil)?.entries.isEmpty == true)
    }

    @Test func aFloodOfEventsBecomesAListing() async {
        let hints = FolderHints()
        for number in 0..<100_000 { hints.add(.entry(FileName("\(number)"), renamedIn: true)) }
        var iterator = hints.makeAsyncIterator()
        let gathered = await iterator.next(isolation: nil)
        #expect(gathered?.mustList == true)
        #expect((gathered?.entries.count ?? 0) <= 4096)
        hints.add(.entry(FileName("later"), renamedIn: false))
        #expect(await iterator.next(isolation: nil)?.mustList == false)
    }

    @Test func listingAndGoneAreRemembered() async {
        let hints = FolderHints()
        hints.add(.gone)
        hints.add(.listing)
        hints.add(.wake)
        var iterator = hints.makeAsyncIterator()
        let gathered = await iterator.next(isolation: nil)
        #expect(gathered?.isGone == true)
        #expect(gathered?.mustList == true)
        hints.finish()
        #expect(await iterator.next(isolation: nil) == nil)
    }
}

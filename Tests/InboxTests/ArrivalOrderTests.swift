import FileSystem
import Inbox
import Model
import Synchronization
import Testing
import TestSupport

@Suite struct ArrivalOrderTests {
    @Test func dropsGoOutInTheOrderOfTheirArrival() {
        var inbox = SettlingFixture()
        inbox.see("c", inbox.file(quiet: .seconds(50)))
        inbox.see("a", inbox.file(quiet: .seconds(10)))
        inbox.see("b", inbox.file(quiet: .seconds(30)))
        for name in ["a", "b", "c"] { inbox.ended(name) }
        #expect(inbox.due == ["c", "b", "a"])
    }

    /// A file written in place arrives when it has been quiet for `settle`, a renamed one with its rename.
    @Test func aRenameOvertakesAFileThatHasToSettle() {
        var inbox = SettlingFixture(settle: .seconds(1))
        inbox.see("written", inbox.file(quiet: .milliseconds(100)))
        inbox.pass(.milliseconds(500))
        inbox.see("renamed", inbox.file(), renamedIn: true)
        inbox.ended("renamed")
        inbox.ended("written")
        inbox.pass(.milliseconds(400))
        #expect(inbox.due == ["renamed", "written"])
    }

    /// Many renames within one tick of the file system's clock.
    @Test func renamesGoOutInTheirOwnOrder() {
        var inbox = SettlingFixture()
        let file = inbox.file()
        let names = ["c", "a", "d", "b"]
        for (number, name) in names.enumerated() {
            var status = file
            status.inode = UInt64(number)
            inbox.see(name, status, renamedIn: true)
            inbox.ended(name)
        }
        #expect(inbox.due == names)
    }

    @Test func aBacklogIsSortedToTheNanosecond() {
        var inbox = SettlingFixture()
        for (number, name) in ["c", "a", "b"].enumerated() {
            var status = inbox.file(quiet: .seconds(50))
            status.changed += Int64(number)
            inbox.see(name, status)
            inbox.ended(name)
        }
        #expect(inbox.due == ["c", "a", "b"])
    }

    @Test func tiesGoByName() {
        var inbox = SettlingFixture()
        let file = inbox.file(quiet: .seconds(5))
        for name in ["b", "B", "a", "10", "9"] {
            inbox.see(name, file)
            inbox.ended(name)
        }
        #expect(inbox.due == ["10", "9", "B", "a", "b"])
    }

    /// Where the change time tells nothing of quiet it tells what of one listing was first.
    @Test func whatOneListingFoundIsInTheOrderOfItsChanges() {
        var inbox = SettlingFixture(settle: .seconds(1), trusts: false)
        let quiet: [(name: String, for: Int)] = [("b", 20), ("d", 10), ("c", 30), ("a", 20)]
        let files = quiet.map { ($0.name, inbox.file(quiet: .seconds($0.for))) }
        inbox.settling.beginListing(at: inbox.now)
        for (name, file) in files {
            inbox.see(name, file)
            inbox.ended(name)
            inbox.pass(.milliseconds(400))
        }
        inbox.settling.endListing(at: inbox.now, inbox.time)
        inbox.pass(.milliseconds(999))
        #expect(inbox.due == [])
        inbox.pass(.milliseconds(1))
        #expect(inbox.due == ["c", "a", "b", "d"])
    }

    /// Another listing makes nobody wait anew, and what it finds comes behind.
    @Test func whatAnEarlierListingFoundIsFirst() {
        var inbox = SettlingFixture(settle: .seconds(1), trusts: false)
        let (early, late) = (inbox.file(quiet: .seconds(10)), inbox.file(quiet: .seconds(20)))
        inbox.settling.beginListing(at: inbox.now)
        inbox.see("early", early)
        inbox.settling.endListing(at: inbox.now, inbox.time)
        inbox.pass(.milliseconds(600))
        inbox.settling.beginListing(at: inbox.now)
        inbox.see("late", late)
        inbox.see("early", early)
        inbox.settling.endListing(at: inbox.now, inbox.time)
        for name in ["early", "late"] { inbox.ended(name) }
        inbox.pass(.milliseconds(400))
        #expect(inbox.due == ["early"])
        inbox.pass(.milliseconds(600))
        #expect(inbox.due == ["early", "late"])
    }

    @Test func sortByNameDisregardsArrival() {
        var inbox = SettlingFixture(byName: true)
        for (index, name) in ["3", "1", "2"].enumerated() {
            inbox.see(name, inbox.file(quiet: .seconds(10 - index)))
            inbox.ended(name)
        }
        #expect(inbox.due == ["1", "2", "3"])
    }

    @Test func onlyWhatIsWholeIsSorted() {
        var inbox = SettlingFixture(byName: true)
        inbox.see("1", inbox.file())
        inbox.see("2", inbox.file(), renamedIn: true)
        inbox.ended("2")
        #expect(inbox.due == ["2"])
    }

    /// Many names that come and go, beside a dictionary that does the same.
    @Test(arguments: 1...5) func manyNamesAreKeptApart(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var inbox = SettlingFixture()
        var present: Set<String> = []
        for _ in 0..<20_000 {
            let number = Int.random(in: 0..<900, using: &generator)
            let name = String(repeating: "n", count: number % 200) + "-\(number)"
            if Int.random(in: 0..<5, using: &generator) < 2 {
                inbox.see(name, inbox.file(), renamedIn: true)
                present.insert(name)
            } else {
                inbox.settling.forget(FileName(name))
                present.remove(name)
            }
        }
        #expect(inbox.settling.count == present.count)
        #expect(Set(inbox.due) == Set(present.map { "?\($0)" }))
        for name in present { inbox.see(name, nil) }
        #expect(inbox.settling.count == 0)
        #expect(inbox.wait == nil)
    }

    /// What a listing does not hold is gone, and costs nothing more.
    @Test func whatIsNotListedIsForgotten() {
        var inbox = SettlingFixture()
        for name in ["a", "b", "c"] { inbox.see(name, inbox.file()) }
        for _ in 0..<3 {
            inbox.settling.beginListing(at: inbox.now)
            for name in ["a", "c", "d"] { inbox.see(name, inbox.file()) }
            inbox.settling.endListing(at: inbox.now, inbox.time)
            #expect(inbox.settling.count == 3)
            #expect(!inbox.settling.contains(FileName("b")))
        }
    }

    /// Whatever happens to the files: none is due before its quiet is over, and each is due in the end.
    @Test(arguments: 1...30) func noFileIsDueTooEarlyAndEachIsDueInTheEnd(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var inbox = SettlingFixture(settle: .milliseconds(700), grace: .seconds(5), trusts: seed % 2 == 0)
        var lastChange: [String: Moment] = [:]
        var renamed: Set<String> = []
        for step in 0..<400 {
            inbox.pass(.milliseconds(Int64.random(in: 0...120, using: &generator)))
            let name = "f\(Int.random(in: 0..<6, using: &generator))"
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                inbox.see(name, inbox.file(size: Int64(step)))
                lastChange[name] = inbox.now
                renamed.remove(name)
            case 1:
                inbox.see(name, inbox.file(size: Int64(step)), renamedIn: true)
                lastChange[name] = inbox.now
                renamed.insert(name)
            case 2:
                inbox.see(name, nil)
                lastChange[name] = nil
            default:
                inbox.ended(name, whole: Bool.random(using: &generator))
            }
            for entry in inbox.due {
                let name = entry.trimmingPrefix { $0 == "?" || $0 == "!" }
                let quiet = lastChange[String(name)].map { inbox.now - $0 }
                let needed: Duration =
                    entry.hasPrefix("!") ? .seconds(5) : renamed.contains(String(name)) ? .zero : .milliseconds(700)
                #expect(quiet.map { $0 >= needed } == true, "\(entry) at step \(step)")
            }
        }
        inbox.pass(.seconds(10))
        #expect(inbox.due.count == lastChange.count)
        #expect(inbox.settling.count == lastChange.count)
    }
}

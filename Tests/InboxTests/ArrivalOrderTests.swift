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

    @Test func tiesGoByName() {
        var inbox = SettlingFixture()
        let file = inbox.file(quiet: .seconds(5))
        for name in ["b", "B", "a", "10", "9"] {
            inbox.see(name, file)
            inbox.ended(name)
        }
        #expect(inbox.due == ["10", "9", "B", "a", "b"])
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

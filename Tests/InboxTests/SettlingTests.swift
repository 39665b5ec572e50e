import FileSystem
import Inbox
import Model
import Testing

@Suite struct SettlingTests {
    @Test func aFileThatWasRenamedInIsWholeAtOnce() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(), renamedIn: true)
        #expect(inbox.due == ["?a"])
        inbox.ended("a")
        #expect(inbox.due == ["a"])
    }

    @Test(arguments: [(0, 1000), (400, 600), (999, 1), (1000, 0), (90_000, 0)] as [(Int64, Int64)])
    func aFileWrittenInPlaceIsQuietSinceItsChangeTime(quiet: Int64, wait: Int64) {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(quiet: .milliseconds(quiet)))
        #expect(inbox.due == (wait == 0 ? ["?a"] : []))
        if wait > 0 {
            #expect(inbox.wait == .milliseconds(wait))
            inbox.pass(.milliseconds(wait - 1))
            #expect(inbox.due.isEmpty)
            inbox.pass(.milliseconds(1))
            #expect(inbox.due == ["?a"])
        }
    }

    @Test(arguments: [Duration.seconds(-2), .seconds(-3600)])
    func aChangeTimeInTheFutureIsCountedFromTheFirstSight(quiet: Duration) {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(quiet: quiet))
        inbox.pass(.milliseconds(999))
        #expect(inbox.due.isEmpty)
        inbox.pass(.milliseconds(1))
        #expect(inbox.due == ["?a"])
    }

    /// The clock on the wall is read to the millisecond, and the looks at the two are on both sides of one.
    @Test func whatCameWithinAMillisecondKeepsItsOrder() {
        var inbox = SettlingFixture()
        var first = inbox.file(quiet: .milliseconds(500))
        var second = first
        first.changed -= 200_000
        second.changed -= 100_000
        inbox.now = inbox.now + .nanoseconds(950_000)
        inbox.see("first", first)
        inbox.now = inbox.now + .nanoseconds(100_000)
        inbox.time = inbox.time + .milliseconds(1)
        inbox.see("second", second)
        for _ in 0..<600 {
            #expect(inbox.due != ["?second"])
            inbox.now = inbox.now + .milliseconds(1)
            inbox.time = inbox.time + .milliseconds(1)
        }
        #expect(inbox.due == ["?first", "?second"])
    }

    @Test func aFolderOfOtherHostsIsCountedFromTheFirstSight() {
        var inbox = SettlingFixture(trusts: false)
        inbox.see("a", inbox.file(quiet: .seconds(3600)))
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == .seconds(1))
        inbox.pass(.seconds(1))
        #expect(inbox.due == ["?a"])
    }

    @Test func aStepOfTheClockOnTheWallDelaysByNoMoreThanSettle() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(quiet: .milliseconds(200)))
        inbox.time = inbox.time + .seconds(-7200)
        inbox.pass(.seconds(1))
        #expect(inbox.due == ["?a"])
    }

    @Test func everyChangeBeginsTheQuietAnew() {
        var inbox = SettlingFixture()
        for size in Int64(1)...5 {
            inbox.see("a", inbox.file(size: size))
            inbox.pass(.milliseconds(900))
            #expect(inbox.due.isEmpty)
        }
        inbox.pass(.milliseconds(100))
        #expect(inbox.due == ["?a"])
    }

    @Test func aChangeAfterARenameSettlesLikeAnyOther() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(size: 1), renamedIn: true)
        inbox.ended("a")
        inbox.pass(.milliseconds(10))
        inbox.see("a", inbox.file(size: 2))
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == .seconds(1))
    }

    @Test func aRenameOfWhatIsKnownAlreadyIsNews() {
        var inbox = SettlingFixture()
        let file = inbox.file()
        inbox.see("a", file)
        #expect(inbox.due.isEmpty)
        inbox.see("a", file, renamedIn: true)
        #expect(inbox.due == ["?a"])
    }

    @Test func anEventOfAKnownFileDoesNotMakeItYounger() {
        var inbox = SettlingFixture()
        let file = inbox.file()
        inbox.see("a", file)
        inbox.pass(.milliseconds(600))
        inbox.see("a", file)
        #expect(inbox.wait == .milliseconds(400))
    }

    @Test(arguments: [true, false]) func anUnfinishedFileWaitsForPartialGrace(renamedIn: Bool) {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(), renamedIn: renamedIn)
        if !renamedIn { inbox.pass(.seconds(1)) }
        #expect(inbox.due == ["?a"])
        inbox.ended("a", whole: false)
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == (renamedIn ? .seconds(60) : .seconds(59)))
        inbox.pass(.milliseconds(58_999))
        #expect(inbox.due.isEmpty)
        inbox.pass(.milliseconds(1001))
        #expect(inbox.due == ["!a"])
    }

    @Test func aResumedUploadIsLookedAtAgain() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(quiet: .seconds(5)))
        inbox.ended("a", whole: false)
        inbox.pass(.seconds(50))
        inbox.see("a", inbox.file(size: 20))
        inbox.pass(.seconds(1))
        #expect(inbox.due == ["?a"])
        inbox.ended("a")
        #expect(inbox.due == ["a"])
    }

    @Test(arguments: [FileStatus.Form.link, .other]) func whatIsNoFileIsNotExamined(form: FileStatus.Form) {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(form: form), renamedIn: true)
        #expect(inbox.due == ["@a"])
    }

    @Test func twoLinksAreLookedAtAgainBeforeTheyAreRefused() {
        var inbox = SettlingFixture(settle: .milliseconds(100))
        inbox.see("a", inbox.file(quiet: .seconds(10), links: 2), renamedIn: true)
        #expect(inbox.due.isEmpty)
        inbox.pass(.milliseconds(499))
        #expect(inbox.due.isEmpty)
        inbox.pass(.milliseconds(1))
        #expect(inbox.due == ["@a"])
        // The second look shows one link by now.
        inbox.see("a", inbox.file(links: 1))
        #expect(inbox.settling.action(FileName("a"), at: inbox.now, inbox.time) == nil)
        inbox.pass(.milliseconds(100))
        #expect(inbox.due == ["?a"])
    }

    @Test func whatIsGoneIsNotWaitedFor() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file())
        inbox.see("a", nil)
        #expect(inbox.settling.count == 0)
        #expect(inbox.wait == nil)
        inbox.see("b", nil)
        inbox.ended("c")
        inbox.settling.postpone(FileName("d"), until: inbox.now)
        #expect(inbox.settling.count == 0)
    }

    /// The rename that was seen, else the change time and `settle`, else the first sight and `settle`.
    @Test func aFileArrivesWhenItBecomesWhole() {
        var inbox = SettlingFixture()
        let day = Duration.seconds(86_400)
        inbox.see("old", inbox.file(quiet: day))
        inbox.see("future", inbox.file(quiet: .seconds(-60), inode: 2))
        inbox.pass(.seconds(2))
        inbox.see("renamed", inbox.file(inode: 3), renamedIn: true)
        let renamed = inbox.time
        inbox.pass(.seconds(10))
        func arrival(_ name: String) -> Timestamp? {
            inbox.settling.arrival(FileName(name), at: inbox.now, inbox.time)
        }
        #expect(arrival("old") == inbox.time + .seconds(1 - 12 - 86_400))
        #expect(arrival("future") == inbox.time + .seconds(-11))
        #expect(arrival("renamed") == renamed)
        #expect(arrival("nobody") == nil)
    }

    @Test func aPostponedFileIsDueLater() {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(), renamedIn: true)
        inbox.ended("a")
        inbox.settling.postpone(FileName("a"), until: inbox.now + .seconds(5))
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == .seconds(5))
        #expect(inbox.settling.action(FileName("a"), at: inbox.now, inbox.time) == nil)
        inbox.pass(.seconds(5))
        #expect(inbox.due == ["a"])
        #expect(inbox.settling.action(FileName("a"), at: inbox.now, inbox.time) == .claim(FileName("a"), .whole))
    }

    @Test func whatIsLeftAsideIsDueWhenItNoLongerIs() {
        var inbox = SettlingFixture()
        for name in ["a.pdf", "b.json", "c.pdf"] {
            inbox.see(name, inbox.file(), renamedIn: true)
            inbox.ended(name)
        }
        inbox.settling.isLeftAside = { $0.lowercaseExtension == "pdf" }
        #expect(inbox.due == ["b.json"])
        #expect(inbox.settling.action(FileName("a.pdf"), at: inbox.now, inbox.time) == nil)
        inbox.settling.forget(FileName("b.json"))
        #expect(inbox.due.isEmpty && inbox.wait == nil)
        #expect(inbox.settling.wait(for: FileName("a.pdf"), at: inbox.now, inbox.time) == .due)
        inbox.settling.isLeftAside = nil
        #expect(inbox.due == ["a.pdf", "c.pdf"])
    }

    @Test func aFileThatWentBackWaitsForTheRestOnly() {
        var inbox = SettlingFixture()
        let quietSince = inbox.time + .seconds(-20)
        inbox.settling.takeBack(FileName("a"), inbox.file(), quietSince: quietSince, at: inbox.now, inbox.time)
        #expect(inbox.wait == .seconds(40))
        // The rename that brought it back raises an event, which says nothing new.
        inbox.pass(.seconds(1))
        inbox.see("a", inbox.file(quiet: .seconds(1)), renamedIn: true)
        #expect(inbox.due.isEmpty)
        inbox.pass(.seconds(38))
        #expect(inbox.due.isEmpty)
        inbox.pass(.seconds(1))
        #expect(inbox.due == ["!a"])
    }

    @Test func aFileThatWentBackAndGrewIsLookedAtAgain() {
        var inbox = SettlingFixture()
        inbox.settling.takeBack(
            FileName("a"), inbox.file(), quietSince: inbox.time + .seconds(-20), at: inbox.now, inbox.time)
        inbox.pass(.seconds(2))
        inbox.see("a", inbox.file(size: 99))
        inbox.pass(.seconds(1))
        #expect(inbox.due == ["?a"])
    }

    /// A clock that is set by a day, either way, makes nothing whole early and keeps nothing waiting.
    @Test(arguments: [86_400, -86_400]) func aClockThatIsSetChangesNoWait(step: Int) {
        var inbox = SettlingFixture()
        inbox.see("a", inbox.file(quiet: .milliseconds(400)))
        inbox.settling.takeBack(
            FileName("b"), inbox.file(inode: 2), quietSince: inbox.time + .seconds(-20), at: inbox.now, inbox.time)
        inbox.time = inbox.time + .seconds(step)
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == .milliseconds(600))
        inbox.pass(.milliseconds(600))
        #expect(inbox.due == ["?a"])
        inbox.see("a", nil)
        #expect(inbox.wait == .milliseconds(39_400))
        inbox.pass(.milliseconds(39_400))
        #expect(inbox.due == ["!b"])
    }

    @Test func nothingIsDueBeforeItsMarker() {
        var inbox = SettlingFixture(needsMarker: true)
        let file = inbox.file(quiet: .seconds(100))
        inbox.see("a", file, renamedIn: true)
        inbox.see("odd", inbox.file(form: .link))
        inbox.pass(.seconds(3600))
        #expect(inbox.due.isEmpty)
        #expect(inbox.wait == nil)
        inbox.see("a", file, isMarked: true)
        #expect(inbox.due == ["?a"])
        // It was taken away again.
        inbox.see("a", file)
        #expect(inbox.due.isEmpty)
    }
}

/// What an admin is told of a file that waits.
@Suite struct FileWaitTests {
    private func wait(_ fixture: SettlingFixture, _ name: String = "a") -> FileWait? {
        fixture.settling.wait(for: FileName(name), marker: FileName("\(name).ready"), at: fixture.now, fixture.time)
    }

    @Test func itSettlesUntilItHasBeenQuiet() {
        var fixture = SettlingFixture(settle: .seconds(10))
        fixture.see("a", fixture.file(quiet: .seconds(4)))
        #expect(wait(fixture) == .settling(until: fixture.now + .seconds(6)))
        fixture.pass(.seconds(6))
        #expect(wait(fixture) == .due)
        #expect(wait(fixture, "b") == nil)
    }

    @Test func anUnfinishedOneWaitsForTheRest() {
        var fixture = SettlingFixture()
        fixture.see("a", fixture.file())
        fixture.ended("a", whole: false)
        #expect(wait(fixture) == .unfinished(until: fixture.now + .seconds(60)))
    }

    @Test func withoutItsMarkerThereIsNoTime() {
        var fixture = SettlingFixture(needsMarker: true)
        fixture.see("a", fixture.file())
        #expect(wait(fixture) == .marker(FileName("a.ready")))
        fixture.see("a", fixture.file(), isMarked: true)
        #expect(wait(fixture) == .settling(until: fixture.now + .seconds(1)))
    }

    @Test func whatCouldNotBeTakenIsTriedAgain() {
        var fixture = SettlingFixture(settle: .zero)
        fixture.see("a", fixture.file())
        fixture.settling.postpone(FileName("a"), until: fixture.now + .seconds(5))
        #expect(wait(fixture) == .postponed(until: fixture.now + .seconds(5)))
    }

    @Test func aNameIsFoundByWhatPeopleSeeOfIt() {
        var fixture = SettlingFixture()
        let odd = FileName(bytes: [0x61, 0xFF, 0x0A])
        fixture.settling.see(odd, fixture.file(), at: fixture.now, fixture.time)
        #expect(fixture.settling.name(shownAs: odd.description) == odd)
        #expect(fixture.settling.name(shownAs: "b") == nil)
    }
}

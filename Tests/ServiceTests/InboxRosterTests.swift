import SluiceConfiguration
import SystemPackage
import TestSupport
import Testing

@testable import Service

/// Which pipelines start and stop: decided without any.
@Suite struct InboxRosterTests {
    private static func terms(_ name: String, at path: FilePath? = nil, settle: Int = 1, inode: UInt64? = nil)
        -> InboxTerms
    {
        var inbox = Configuration.Inbox(name: name, path: path ?? FilePath("/srv/\(name)/inbox"))
        inbox.settle = .seconds(settle)
        return InboxTerms(
            inbox: inbox,
            judging: .init(
                jsonBytes: .megabytes(30), multipartBytes: .megabytes(25), recordsPerBatch: nil, schemas: [:]),
            place: inode.map { FolderPlace(device: 1, inode: $0) })
    }

    @Test func whatIsWantedStartsAndWhatStaysTheSameGoesOn() {
        var roster = InboxRoster()
        let (a, b) = (Self.terms("a"), Self.terms("b"))
        #expect(roster.want([a]).actions == [.start(a)])
        #expect(roster.want([a]).actions == [])
        let (actions, changes) = roster.want([a, b])
        #expect(actions == [.start(b)])
        #expect(changes.added == ["b"] && changes.removed == [] && changes.changed == [])
    }

    @Test func whatIsWantedNoMoreStopsOnceAndIsForgotten() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("a")])
        let (actions, changes) = roster.want([])
        #expect(actions == [.stop(name: "a")])
        #expect(changes.removed == ["a"])
        #expect(roster.want([]).actions == [])
        #expect(roster.ended("a") == [])
        #expect(roster.running.isEmpty)
    }

    @Test func changedTermsStartOnlyWhenTheOldOnesHaveEnded() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("a", settle: 1)])
        let (actions, changes) = roster.want([Self.terms("a", settle: 2)])
        #expect(actions == [.stop(name: "a")])
        #expect(changes.changed == ["a"])
        // A second change while the first still stops: the last word counts.
        #expect(roster.want([Self.terms("a", settle: 3)]).actions == [])
        #expect(roster.ended("a") == [.start(Self.terms("a", settle: 3))])
        #expect(roster.want([Self.terms("a", settle: 3)]).actions == [])
    }

    @Test func aChangeThatIsTakenBackStillBeginsAnew() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("a", settle: 1)])
        _ = roster.want([Self.terms("a", settle: 2)])
        #expect(roster.want([Self.terms("a", settle: 1)]).actions == [])
        #expect(roster.ended("a") == [.start(Self.terms("a", settle: 1))])
    }

    @Test func anotherNameForTheSameFolderWaitsForTheFirst() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("a", at: "/srv/x/inbox")])
        let renamed = Self.terms("b", at: "/srv/x/inbox")
        #expect(roster.want([renamed]).actions == [.stop(name: "a")])
        #expect(roster.ended("a") == [.start(renamed)])
    }

    @Test func aFolderThatWasRenamedIsTheSameFolder() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("acme", at: "/srv/acme/inbox", inode: 7)])
        let renamed = Self.terms("acme2", at: "/srv/acme2/inbox", inode: 7)
        #expect(roster.want([renamed]).actions == [.stop(name: "acme")])
        #expect(roster.ended("acme") == [.start(renamed)])
    }

    /// Renamed, and another made under its name, between two looks.
    @Test func aFolderThatIsAnothersByNowIsLetGo() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("acme", inode: 7)])
        let both = [Self.terms("acme", inode: 8), Self.terms("acme-old", inode: 7)]
        #expect(roster.want(both).actions == [.cut(name: "acme")])
        #expect(roster.want(both).actions == [])
        #expect(roster.ended("acme") == both.map { .start($0) })
        #expect(roster.want(both).actions == [])
    }

    @Test func twoInboxesThatSwapTheirFoldersBothWait() {
        var roster = InboxRoster()
        _ = roster.want([Self.terms("a", at: "/srv/1/inbox"), Self.terms("b", at: "/srv/2/inbox")])
        let (a, b) = (Self.terms("a", at: "/srv/2/inbox"), Self.terms("b", at: "/srv/1/inbox"))
        #expect(roster.want([a, b]).actions == [.stop(name: "a"), .stop(name: "b")])
        #expect(roster.ended("b") == [], "the folder is free, the name is not")
        #expect(roster.ended("a") == [.start(a), .start(b)])
    }

    @Test func aRestartKeepsTheTerms() {
        var roster = InboxRoster()
        let a = Self.terms("a")
        _ = roster.want([a])
        #expect(roster.stop("a") == [.stop(name: "a")])
        #expect(roster.stop("a") == [])
        #expect(roster.working.isEmpty)
        #expect(roster.ended("a") == [.start(a)])
    }

    @Test func whateverComesNoTwoEverShareANameOrAFolder() throws {
        var generator = SeededGenerator(seed: 42)
        var roster = InboxRoster()
        var working: [String: InboxTerms] = [:]
        for _ in 0..<1000 {
            let actions: [InboxRoster.Action]
            if Bool.random(using: &generator), let ending = working.keys.sorted().randomElement(using: &generator) {
                // An end that nobody asked for may come, too.
                working[ending] = nil
                actions = roster.ended(ending)
            } else {
                let names = ["a", "b", "c", "d"].filter { _ in Bool.random(using: &generator) }
                let paths = ["/1/i", "/2/i", "/3/i", "/4/i"].shuffled(using: &generator)
                let wanted = zip(names, paths).map {
                    Self.terms($0, at: FilePath($1), settle: Int.random(in: 0...1, using: &generator))
                }
                actions = roster.want(wanted).actions
            }
            for case .start(let terms) in actions {
                try #require(working[terms.name] == nil)
                try #require(!working.values.contains { $0.inbox.path == terms.inbox.path })
                working[terms.name] = terms
            }
            try #require(Set(roster.running.map(\.name)) == Set(working.keys))
        }
        // When all have ended, what is wanted is at work.
        for name in working.keys.sorted() { _ = roster.ended(name) }
        #expect(roster.running.count == roster.wanted.count)
    }

    // MARK: Which can be at work together

    @Test func theFirstOfTwoWithOneNameIsChosen() {
        let choice = InboxChoice([Self.terms("a", at: "/1/i"), Self.terms("a", at: "/2/i")], running: [])
        #expect(choice.chosen == [Self.terms("a", at: "/1/i")])
        #expect(
            choice.refused == [
                .init(name: "a", path: "/2/i", reason: "/2/i gives the name a, which the inbox at /1/i has")
            ])
    }

    @Test func whatIsAtWorkKeepsItsNameAgainstANewcomer() {
        let running = Self.terms("a", at: "/2/i")
        let choice = InboxChoice([Self.terms("a", at: "/1/i"), running], running: [running])
        #expect(choice.chosen == [running])
        #expect(choice.refused.map(\.path) == ["/1/i"])
    }

    @Test func aFolderOfAnotherInboxIsRefused() {
        let choice = InboxChoice([Self.terms("a", at: "/1/inbox"), Self.terms("b", at: "/1/other")], running: [])
        #expect(choice.refused.map(\.reason) == ["/1/done is already a folder of the inbox a at /1/inbox"])
    }

    @Test func aNameThatTheConfigurationWouldNotTakeIsRefused() {
        let long = String(repeating: "x", count: 65)
        #expect(InboxChoice([Self.terms(long)], running: []).refused.map(\.name) == [long])
        #expect(InboxChoice([Self.terms(String(long.dropLast()))], running: []).refused.isEmpty)
    }
}

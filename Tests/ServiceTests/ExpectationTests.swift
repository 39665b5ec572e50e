import Foundation
import Model
import Sandbox
import SluiceConfiguration
import Testing
import TestSupport

@testable import Service

/// `expect: {by}`: when something should have come.
@Suite(.timeLimit(.minutes(10))) struct ExpectationTests {
    private typealias Expectation = Configuration.Inbox.Expectation

    private static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    struct Day: Sendable {
        var zone: String
        var by: (Int, Int)
        var now: String
        var before: String
        var last: String
        var next: String
    }

    private static let days = [
        Day(
            zone: "Australia/Sydney", by: (7, 0), now: "2026-11-28T11:00:00+11:00",
            before: "2026-11-27T07:00:00+11:00", last: "2026-11-28T07:00:00+11:00", next: "2026-11-29T07:00:00+11:00"),
        // To the minute it is over.
        Day(
            zone: "Australia/Sydney", by: (7, 0), now: "2026-11-28T07:00:00+11:00",
            before: "2026-11-27T07:00:00+11:00", last: "2026-11-28T07:00:00+11:00", next: "2026-11-29T07:00:00+11:00"),
        Day(
            zone: "Australia/Sydney", by: (7, 0), now: "2026-11-28T06:59:59.999+11:00",
            before: "2026-11-26T07:00:00+11:00", last: "2026-11-27T07:00:00+11:00", next: "2026-11-28T07:00:00+11:00"),
        // 23 hours and 25 hours are a day, too.
        Day(
            zone: "Europe/Berlin", by: (7, 0), now: "2026-03-29T12:00:00+02:00",
            before: "2026-03-28T07:00:00+01:00", last: "2026-03-29T07:00:00+02:00", next: "2026-03-30T07:00:00+02:00"),
        Day(
            zone: "Europe/Berlin", by: (7, 0), now: "2026-10-25T12:00:00+01:00",
            before: "2026-10-24T07:00:00+02:00", last: "2026-10-25T07:00:00+01:00", next: "2026-10-26T07:00:00+01:00"),
        // Left out: an hour later.
        Day(
            zone: "Europe/Berlin", by: (2, 30), now: "2026-03-29T12:00:00+02:00",
            before: "2026-03-28T02:30:00+01:00", last: "2026-03-29T03:30:00+02:00", next: "2026-03-30T02:30:00+02:00"),
        // Twice: the first one.
        Day(
            zone: "Europe/Berlin", by: (2, 30), now: "2026-10-25T02:40:00+02:00",
            before: "2026-10-24T02:30:00+02:00", last: "2026-10-25T02:30:00+02:00", next: "2026-10-26T02:30:00+01:00"),
        Day(
            zone: "Europe/Berlin", by: (2, 30), now: "2026-10-25T02:20:00+01:00",
            before: "2026-10-24T02:30:00+02:00", last: "2026-10-25T02:30:00+02:00", next: "2026-10-26T02:30:00+01:00"),
        Day(
            zone: "America/New_York", by: (0, 0), now: "2027-01-01T00:00:00-05:00",
            before: "2026-12-31T00:00:00-05:00", last: "2027-01-01T00:00:00-05:00", next: "2027-01-02T00:00:00-05:00"),
    ]

    @Test(arguments: days) func aDeadlineIsATimeOnTheWall(day: Day) throws {
        let zone = try #require(TimeZone(identifier: day.zone))
        let deadlines = Deadlines(Expectation(hour: day.by.0, minute: day.by.1), zone: zone)
        let found = deadlines.around(try Self.time(day.now))
        #expect(try found.before == Self.time(day.before))
        #expect(try found.last == Self.time(day.last))
        #expect(try found.next == Self.time(day.next))
    }

    // MARK: When to ask

    private static let seven = ["erp": Expectation(hour: 7, minute: 0)]
    private static func book() throws -> ExpectationBook { ExpectationBook(zone: TimeZone(secondsFromGMT: 0)) }

    @Test func eachDeadlineIsAskedOnceShortlyAfterIt() throws {
        var book = try Self.book()
        // It was asked a minute after the start.
        #expect(try book.look(at: Self.time("2026-11-27T08:00:00Z"), Self.seven).questions.isEmpty)
        #expect(try book.look(at: Self.time("2026-11-27T08:01:00Z"), Self.seven).questions.count == 1)
        let before = try book.look(at: Self.time("2026-11-28T06:00:00Z"), Self.seven)
        #expect(before.questions.isEmpty)
        #expect(try before.next == Self.time("2026-11-28T07:00:05Z"))
        #expect(try book.look(at: Self.time("2026-11-28T07:00:04Z"), Self.seven).questions.isEmpty)
        let (questions, _, next) = try book.look(at: Self.time("2026-11-28T07:00:05Z"), Self.seven)
        #expect(
            try questions == [
                .init(
                    inbox: "erp", after: Self.time("2026-11-27T07:00:00Z"), deadline: Self.time("2026-11-28T07:00:00Z"),
                    wasKnown: true)
            ])
        #expect(try next == Self.time("2026-11-29T07:00:05Z"))
        #expect(try book.look(at: Self.time("2026-11-28T07:01:00Z"), Self.seven).questions.isEmpty)
    }

    @Test func aStartThatMissedADeadlineAsksOnceWhatLiesThereWasTaken() throws {
        var book = try Self.book()
        let (none, _, next) = try book.look(at: Self.time("2026-11-28T09:00:00Z"), Self.seven)
        #expect(none.isEmpty)
        #expect(try next == Self.time("2026-11-28T09:01:00Z"))
        let questions = try book.look(at: Self.time("2026-11-28T09:01:00Z"), Self.seven).questions
        #expect(questions.map(\.wasKnown) == [false])
    }

    @Test func aClockThatIsSetBackAsksNothingAgain() throws {
        var book = try Self.book()
        _ = try book.look(at: Self.time("2026-11-28T06:00:00Z"), Self.seven)
        #expect(try book.look(at: Self.time("2026-11-28T07:00:05Z"), Self.seven).questions.count == 1)
        #expect(try book.look(at: Self.time("2026-11-27T12:00:00Z"), Self.seven).questions.isEmpty)
        #expect(try book.look(at: Self.time("2026-11-28T12:00:00Z"), Self.seven).questions.isEmpty)
    }

    @Test func whereNothingIsExpectedNothingIsAsked() throws {
        var book = try Self.book()
        let (questions, over, next) = try book.look(at: Self.time("2026-11-28T09:00:00Z"), [:])
        #expect(questions.isEmpty && over.isEmpty && next == nil)
    }

    @Test func whatIsExpectedNoMoreIsSaidOnce() throws {
        var book = try Self.book()
        #expect(try book.look(at: Self.time("2026-11-28T09:00:00Z"), Self.seven).over == [])
        #expect(try book.look(at: Self.time("2026-11-28T09:05:00Z"), [:]).over == ["erp"])
        #expect(try book.look(at: Self.time("2026-11-28T09:10:00Z"), [:]).over == [])
    }

    @Test(
        arguments: [
            ("2026-11-27T06:59:00Z", false, true), ("2026-11-27T07:00:00Z", true, true),
            ("2026-11-27T07:00:01Z", false, false), ("2026-11-28T06:59:59Z", true, false),
            // Late, and here.
            ("2026-11-28T08:00:00Z", true, false), (nil, true, true), (nil, false, false),
        ] as [(String?, Bool, Bool)]) func whatCameLastDecides(
            last: String?, wasKnown: Bool, isMissing: Bool
        ) throws
    {
        let question = ExpectationBook.Question(
            inbox: "erp", after: try Self.time("2026-11-27T07:00:00Z"), deadline: try Self.time("2026-11-28T07:00:00Z"),
            wasKnown: wasKnown)
        #expect(try question.isMissing(lastArrival: last.map(Self.time)) == isMissing)
    }

    // MARK: A service

    @Test func aDayWithoutADropIsToldUntilTheNextComesAndARestartForgetsNothing() async throws {
        // A file that lies there when the service begins is as old as the file system says.
        let time = ManualTime(start: SystemTime().timestamp)
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil), clock: OutageTests.clock(time)) {
            sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(inbox: "expect: {by: \"07:00\"}")
            let missing = { @Sendable in stage.alerts.filter { $0.event == .missingDrop }.map(\.phase) }
            let pass = { @Sendable (hours: Int) async throws in
                // Each step wakes all of a service: as long as the watch sleeps.
                for _ in 0..<hours * 12 {
                    time.advance(by: .seconds(300))
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            try await stage.whileServing {
                // An inbox that is new is given until the first deadline, and what came on the first day is enough.
                try stage.drop(Stage.account("INV-1"), as: "1.json")
                try await stage.waitForFiled(1)
                try await pass(24)
                #expect(missing() == [])
                try await eventually("a day without a drop is told") {
                    try await pass(1)
                    return missing() == [.begins]
                }
                #expect(stage.alerts.first { $0.event == .missingDrop }?.inbox == "erp")
            }
            try await stage.whileServing {
                try await eventually("it is told again") {
                    time.advance(by: .seconds(30))
                    try await Task.sleep(for: .milliseconds(25))
                    return missing() == [.begins, .begins]
                }
                try stage.drop(Stage.account("INV-2"), as: "2.json")
                try await eventually("its end is told") { missing() == [.begins, .begins, .ends] }
                try await stage.waitForFiled(2)
            }
        }
    }
}

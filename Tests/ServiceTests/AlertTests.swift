import Model
import SluiceConfiguration
import Testing

@testable import Service

@Suite struct AlertTests {
    private func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }

    @Test func aConditionIsToldWhenItBeginsAndWhenItEnds() {
        var book = AlertBook(limit: 1000)
        #expect(
            book.note(.outage, isOn: true, detail: "why") == AlertChange(.outage, .begins, detail: "why"))
        #expect(book.note(.outage, isOn: true) == nil)
        #expect(book.active == [.outage])
        #expect(book.note(.outage, isOn: false) == AlertChange(.outage, .ends))
        #expect(book.note(.outage, isOn: false) == nil)
        #expect(book.active.isEmpty)
    }

    @Test func inboxesAreToldApart() {
        var book = AlertBook(limit: nil)
        #expect(book.note(.inboxUnavailable, isOn: true, subject: "a") != nil)
        #expect(book.note(.inboxUnavailable, isOn: true, subject: "b") != nil)
        #expect(book.note(.inboxUnavailable, isOn: false, subject: "a")?.subject == "a")
        #expect(book.active == [.inboxUnavailable])
    }

    @Test func whatIsCountedIsToldAtItsThresholdAndOverWhenItIsLess() {
        var book = AlertBook(thresholds: [.failedDrops: .count(3, window: .seconds(60))], limit: nil)
        #expect(book.count(.failedDrops, at: moment(0)) == nil)
        #expect(book.count(.failedDrops, at: moment(30)) == nil)
        #expect(book.count(.failedDrops, at: moment(50))?.phase == .begins)
        #expect(book.count(.failedDrops, at: moment(51)) == nil)
        #expect(book.look(at: moment(60)).isEmpty)
        #expect(book.nextLook == moment(61))
        #expect(book.look(at: moment(92)).map(\.phase) == [.ends])
        #expect(book.active.isEmpty)
    }

    @Test func slowFailuresAreNoAlert() {
        var book = AlertBook(thresholds: [.serverErrors: .count(5, window: .seconds(300))], limit: nil)
        for number in 0..<100 { #expect(book.count(.serverErrors, at: moment(number * 80)) == nil) }
    }

    @Test func theRateIsNearItsLimitOnAverageOverTheWindow() {
        var book = AlertBook(thresholds: [.rateNear: .percent(90, window: .seconds(60))], limit: 100)
        for number in 0..<89 { #expect(book.count(.rateNear, at: moment(number / 4)) == nil) }
        #expect(book.count(.rateNear, at: moment(30))?.phase == .begins)
        var unlimited = AlertBook(thresholds: [.rateNear: .percent(1, window: .seconds(60))], limit: nil)
        for _ in 0..<1000 { #expect(unlimited.count(.rateNear, at: moment(0)) == nil) }
    }

    @Test func whatHasNoThresholdIsNotCounted() {
        var book = AlertBook(thresholds: [:], limit: 10)
        #expect(book.count(.serverErrors, at: moment(0)) == nil)
    }

    /// As many as there are, or a few of the oldest more: a step of the window at most.
    @Test func aSlidingCountKeepsToItsWindow() {
        var count = SlidingCount(window: .seconds(60))
        for second in 0..<600 {
            count.add(at: moment(second))
            let number = count.number(at: moment(second))
            #expect((min(second + 1, 60)...61).contains(number))
        }
        #expect(count.number(at: moment(700)) == 0)
    }
}

import Model
import SluiceConfiguration
import Testing

@testable import Service

@Suite struct AlertTests {
    private func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }

    @Test func aConditionIsToldWhenItBeginsAndWhenItEnds() {
        var book = AlertBook(limit: 1000)
        #expect(
            book.note(.outage, isOn: true, detail: "why", at: moment(3))
                == AlertChange(.outage, .begins, detail: "why", since: moment(3), at: moment(3)))
        #expect(book.note(.outage, isOn: true, at: moment(5)) == nil)
        #expect(book.active == [.outage])
        #expect(
            book.note(.outage, isOn: false, at: moment(9))
                == AlertChange(.outage, .ends, count: 2, since: moment(3), at: moment(9)))
        #expect(book.note(.outage, isOn: false, at: moment(10)) == nil)
        #expect(book.active.isEmpty)
    }

    @Test func inboxesAreToldApart() {
        var book = AlertBook(limit: nil)
        for name in ["a", "b"] {
            #expect(book.note(.inboxUnavailable, isOn: true, subject: name, inbox: name, at: moment(0))?.inbox == name)
        }
        #expect(book.note(.inboxUnavailable, isOn: false, subject: "a", at: moment(1))?.inbox == "a")
        #expect(book.active == [.inboxUnavailable])
    }

    @Test func whatIsCountedIsToldAtItsThresholdAndOverWhenAWindowWasQuiet() {
        var book = AlertBook(thresholds: [.failedDrops: .count(3, window: .seconds(60))], limit: nil)
        #expect(book.count(.failedDrops, at: moment(0)) == nil)
        #expect(book.count(.failedDrops, at: moment(30)) == nil)
        let begun = book.count(.failedDrops, at: moment(50))
        #expect(begun?.phase == .begins && begun?.count == 3 && begun?.since == moment(0))
        #expect(begun?.detail == "3 within 1m")
        #expect(book.count(.failedDrops, at: moment(80)) == nil)
        // Two are in the window, which is below the threshold and not quiet.
        #expect(book.look(at: moment(100)).isEmpty)
        #expect(book.nextLook == moment(141))
        #expect(book.look(at: moment(140)).isEmpty)
        let ended = book.look(at: moment(141))
        #expect(ended.map(\.phase) == [.ends] && ended.first?.count == 4 && ended.first?.since == moment(0))
        #expect(book.active.isEmpty && book.nextLook == nil)
        // And the next one begins at its threshold again.
        #expect(book.count(.failedDrops, at: moment(142)) == nil)
    }

    @Test func slowFailuresAreNoAlert() {
        var book = AlertBook(thresholds: [.serverErrors: .count(5, window: .seconds(300))], limit: nil)
        for number in 0..<100 { #expect(book.count(.serverErrors, at: moment(number * 80)) == nil) }
    }

    @Test func theRateIsNearItsLimitOnAverageAndNoLongerSoAfterAWindowBelow() {
        var book = AlertBook(thresholds: [.rateNear: .percent(90, window: .seconds(60))], limit: 100)
        for number in 0..<89 { #expect(book.count(.rateNear, at: moment(number / 4)) == nil) }
        #expect(book.count(.rateNear, at: moment(30))?.phase == .begins)
        // Requests go on, at a rate that is below.
        for second in stride(from: 31, to: 90, by: 2) { #expect(book.count(.rateNear, at: moment(second)) == nil) }
        // From second 66 on there were fewer than 90 in every minute.
        #expect(book.look(at: moment(110)).isEmpty)
        #expect(book.active == [.rateNear])
        #expect(book.look(at: moment(130)).map(\.phase) == [.ends])
        var unlimited = AlertBook(thresholds: [.rateNear: .percent(1, window: .seconds(60))], limit: nil)
        for _ in 0..<1000 { #expect(unlimited.count(.rateNear, at: moment(0)) == nil) }
    }

    @Test func whatHasNoThresholdIsNotCounted() {
        var book = AlertBook(thresholds: [:], limit: 10)
        #expect(book.count(.serverErrors, at: moment(0)) == nil)
    }

    @Test func aTokenMayFailAFewTimesWhereTheThresholdSaysSo() {
        var patient = AlertBook(thresholds: [.tokenFailure: .count(3, window: .seconds(60))], limit: nil)
        #expect(patient.happen(.tokenFailure, detail: "no", at: moment(0)) == nil)
        #expect(patient.happen(.tokenFailure, detail: "no", at: moment(1)) == nil)
        #expect(patient.happen(.tokenFailure, detail: "no", at: moment(2))?.detail == "no")
        // A token is the end at once.
        #expect(patient.note(.tokenFailure, isOn: false, at: moment(3))?.count == 3)
        #expect(patient.happen(.tokenFailure, at: moment(4)) == nil)
        var plain = AlertBook(limit: nil)
        #expect(plain.happen(.tokenFailure, at: moment(0))?.phase == .begins)
    }

    @Test(arguments: [(["a", "a"], "a"), (["a", "b"], nil), (["a", "b", "b"], nil)])
    func anInboxIsNamedWhereItIsOne(inboxes: [String], named: String?) {
        let threshold = AlertBook.Threshold.count(inboxes.count, window: .seconds(60))
        var book = AlertBook(thresholds: [.failedDrops: threshold], limit: nil)
        // Long ago, and forgotten.
        _ = book.count(.failedDrops, inbox: "old", at: moment(0))
        let changes = inboxes.compactMap { book.count(.failedDrops, inbox: $0, at: moment(100)) }
        #expect(changes.count == 1 && changes.first?.inbox == named)
    }

    @Test func otherThresholdsCountWhatWasCountedBefore() {
        var book = AlertBook(thresholds: [.failedDrops: .count(5, window: .seconds(60))], limit: 100)
        for second in 0..<3 { #expect(book.count(.failedDrops, at: moment(second)) == nil) }
        book.change(thresholds: [.failedDrops: .count(4, window: .seconds(120))], limit: 100)
        #expect(book.count(.failedDrops, at: moment(100))?.count == 4)
        book.change(thresholds: [:], limit: 100)
        #expect(book.look(at: moment(101)).map(\.phase) == [.ends])
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

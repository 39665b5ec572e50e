import Model
import Testing

@testable import Service

@Suite struct RequeueScheduleTests {
    private func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }
    private let a = DropID(text: "A")
    private let b = DropID(text: "B")

    @Test func theNextSuccessPutsBackAllThatWait() {
        var schedule = RequeueSchedule()
        schedule.wait(b, at: moment(0))
        schedule.wait(a, at: moment(5))
        #expect(schedule.due(at: moment(10)).isEmpty)
        #expect(schedule.succeed() == [a, b])
        #expect(schedule.succeed().isEmpty)
    }

    @Test func aQuarterOfAnHourIsTheLongest() {
        var schedule = RequeueSchedule()
        schedule.wait(a, at: moment(0))
        schedule.wait(b, age: .seconds(600), at: moment(0))
        #expect(schedule.next == moment(300))
        #expect(schedule.due(at: moment(300)) == [b])
        #expect(schedule.due(at: moment(899)).isEmpty)
        #expect(schedule.due(at: moment(900)) == [a])
        #expect(schedule.next == nil)
    }

    @Test func duringAnOutageNothingIsPutBack() {
        var schedule = RequeueSchedule()
        schedule.wait(a, at: moment(0))
        schedule.pause()
        schedule.wait(b, at: moment(0))
        #expect(schedule.next == nil)
        #expect(schedule.due(at: moment(5000)).isEmpty)
        #expect(schedule.succeed().isEmpty)
        #expect(schedule.goOn() == [a, b])
    }

    @Test func anAgeFromAClockThatWasSetIsNotBelieved() {
        var schedule = RequeueSchedule()
        schedule.wait(a, age: .seconds(-5000), at: moment(0))
        schedule.wait(b, age: .seconds(5000), at: moment(0))
        #expect(schedule.due(at: moment(0)) == [b])
        #expect(schedule.due(at: moment(900)) == [a])
    }
}

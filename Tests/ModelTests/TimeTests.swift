import Foundation
import Model
import Testing
import TestSupport

@Suite struct TimeTests {
    @Test(
        arguments: [
            (1_795_489_200_000, "2026-11-24T03:00:00.000Z"), (0, "1970-01-01T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (4_102_444_799_010, "2099-12-31T23:59:59.010Z"),
        ] as [(Int64, String)])
    func aTimestampIsInUTCToTheMillisecond(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    /// Each day from 1970 to 2110, and the first and last days of all years up to 9999.
    @Test func daysAreThoseOfTheCalendar() {
        let years = stride(from: Int64(40_000), to: 2_932_897, by: 365).flatMap { ($0 - 3)..<($0 + 4) }
        for day in Array(Int64(0)..<51_500) + years where day < 2_932_897 {
            let second = day * 86400 + day % 86400
            let text = Timestamp(milliseconds: second * 1000 + 7).description
            let expected = Date(timeIntervalSince1970: Double(second)).formatted(.iso8601).dropLast()
            #expect(text == expected + ".007Z")
        }
        #expect(Timestamp(milliseconds: 253_402_300_799_999).description == "9999-12-31T23:59:59.999Z")
    }

    @Test func noMillisecondIsRoundedAway() {
        for millisecond in Int64(0)..<1000 {
            let digits = String(1000 + millisecond).dropFirst()
            for second in [1_795_489_200, 1_700_000_001, 951_782_400, 2_147_483_647] as [Int64] {
                let text = Timestamp(milliseconds: second * 1000 + millisecond).description
                #expect(text.hasSuffix(".\(digits)Z"), "\(text)")
            }
        }
    }

    @Test func durationsAndTimestampsAgree() {
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        #expect((start + .milliseconds(1500)).milliseconds == 1_800_000_001_500)
        #expect(start.duration(to: start + .seconds(-2)) == .seconds(-2))
        #expect(Duration.microseconds(1999).wholeMilliseconds == 1)
        #expect(Duration.microseconds(-1999).wholeMilliseconds == -1)
        #expect(Duration.milliseconds(1250).inSeconds == 1.25)
    }

    @Test func theSystemsClocksGoOn() async throws {
        let time = SystemTime()
        let before = (time.moment, time.timestamp)
        try await time.sleep(for: .milliseconds(20))
        #expect(time.moment - before.0 >= .milliseconds(20))
        #expect(abs(time.timestamp.milliseconds - Int64(Date().timeIntervalSince1970 * 1000)) < 60_000)
        #expect(time.timestamp >= before.1)
    }

    @Test func aSleepEndsWithItsTask() async {
        let sleep = Task { try await SystemTime().sleep(for: .seconds(3600)) }
        sleep.cancel()
        await #expect(throws: CancellationError.self) { try await sleep.value }
    }

    @Test func identifiersAreULIDsInTheOrderOfTime() {
        var generator = SeededGenerator(seed: 1)
        var last = ""
        for step in Int64(0)..<2000 {
            let id = DropID(at: Timestamp(milliseconds: 1_795_489_200_000 + step * 7), using: &generator)
            #expect(id.text.count == 26)
            #expect(id.text.allSatisfy { "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains($0) })
            #expect(id.text > last)
            last = id.text
        }
    }

    /// The example of the ULID specification: its first ten characters are the time.
    @Test func anIdentifierBeginsWithItsTime() {
        var generator = SeededGenerator(seed: 2)
        let id = DropID(at: Timestamp(milliseconds: 1_469_918_176_385), using: &generator)
        #expect(id.text.hasPrefix("01ARYZ6S41"))
        #expect(id.time == Timestamp(milliseconds: 1_469_918_176_385))
        #expect(DropID(text: "d").time == nil && DropID(text: String(repeating: "u", count: 26)).time == nil)
    }

    @Test func identifiersOfOneMillisecondDiffer() {
        var generator = SeededGenerator(seed: 3)
        let ids = (0..<10_000).map { _ in DropID(at: Timestamp(milliseconds: 5), using: &generator) }
        #expect(Set(ids).count == ids.count)
    }
}

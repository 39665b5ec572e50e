import Foundation
import Model
import Testing

@Suite struct TimestampParsingTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-24T03:00:00Z", 1_795_489_200_000),
        ("2026-11-24t03:00:00.5z", 1_795_489_200_500),
        ("2026-11-24T14:00:00.123456+11:00", 1_795_489_200_123), ("1969-12-31T23:59:59.999Z", -1),
        ("2000-02-29T00:00:00Z", 951_782_400_000), ("2016-12-31T23:59:60Z", 1_483_228_799_000),
    ])
    func aTimeIsRead(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24 03:00:00Z", "2026-11-24T03:00Z", "2026-11-24T03:00:00", "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T03:60:00Z",
        "2026-11-24T03:00:61Z", "2026-11-24T03:00:00+24:00", "2026-11-24T03:00:00Z ", "２026-11-24T03:00:00Z",
        "2100-02-29T00:00:00Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func whatIsWrittenIsReadAgain() {
        for day in stride(from: Int64(-100_000), to: 300_000, by: 97) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 12_345_678)
            #expect(Timestamp(rfc3339: time.description) == time, "\(time)")
        }
    }
}

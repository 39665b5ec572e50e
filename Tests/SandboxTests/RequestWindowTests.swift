import Testing

@testable import Sandbox

struct RequestWindowTests {
    @Test func theRequestOverTheLimitIsBlockedUntilTheFirstIsAMinuteOld() {
        var window = RequestWindow(limit: 2)
        #expect(window.arrive(at: .seconds(0)) == .admitted)
        #expect(window.arrive(at: .seconds(50)) == .admitted)
        #expect(window.arrive(at: .seconds(55)) == .blocked(retryAfter: .seconds(5)))
        #expect(window.arrive(at: .milliseconds(59_999)) == .blocked(retryAfter: .milliseconds(1)))
        #expect(window.arrive(at: .seconds(60)) == .admitted)
        #expect(window.arrive(at: .seconds(61)) == .blocked(retryAfter: .seconds(49)))
    }

    @Test func theWindowSlidesWhereverItStarts() {
        var window = RequestWindow(limit: 10)
        for second in 0..<600 {
            let verdict = window.arrive(at: .seconds(second))
            #expect((verdict == .admitted) == (second % 60 < 10), "second \(second)")
        }
    }

    @Test func theLargestWindowCountsBlockedRequestsToo() {
        var window = RequestWindow(limit: 1)
        for second in [0, 1, 2, 70, 129] { _ = window.arrive(at: .seconds(second)) }
        #expect(window.largest == 3)
    }

    @Test func twoRequestsAMinuteApartAreInNoCommonWindow() {
        var window = RequestWindow(limit: nil)
        _ = window.arrive(at: .seconds(0))
        _ = window.arrive(at: .seconds(60))
        #expect(window.largest == 1)
    }

    @Test func withoutALimitEverythingIsAdmitted() {
        var window = RequestWindow(limit: nil)
        for _ in 0..<5000 { #expect(window.arrive(at: .zero) == .admitted) }
        #expect(window.largest == 5000)
    }
}

import Model
import SluiceConfiguration
import Testing

@testable import Delivery
@testable import Service

/// Whom an alert is told, over reloads.
@Suite struct AlertRouterTests {
    private typealias Alert = Configuration.Alert

    private static let outageBegins = ServiceEvent.delivery(.breaker(.opened(.outage, run: [])))
    private static let outageEnds = ServiceEvent.delivery(.breaker(.closed(.outage)))

    private static func alert(
        _ program: String, _ on: Set<AlertBook.Event> = [.outage, .serverErrors],
        serverErrors: Int = 5
    ) -> Alert {
        Alert(
            target: .command([program]), on: on,
            thresholds: [.serverErrors: .count(serverErrors, window: .seconds(60))])
    }

    private static func router(_ alerts: [Alert]) -> AlertRouter {
        var router = AlertRouter(thresholds: [.serverErrors: .count(5, window: .seconds(60))], limit: nil)
        _ = router.change(
            alerts, thresholds: [.serverErrors: .count(5, window: .seconds(60))], limit: nil, at: moment(0))
        return router
    }

    private static func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }

    private static func answer(_ status: Int) -> ServiceEvent {
        .delivery(
            .answered(
                AttemptReport(
                    subject: nil, method: "PUT", path: "/", requestID: "x", status: status, duration: .zero)))
    }

    private func words(_ told: AlertRouter.Told) -> [String] {
        told.house.map { "house \($0.event) \($0.phase)" }
            + told.recipients.map { "\($0.number) \($0.change.event) \($0.change.phase)" }
    }

    @Test func eachIsToldWhatItWantsToHear() {
        var router = Self.router([Self.alert("a", [.outage]), Self.alert("b", [.serverErrors])])
        #expect(
            words(router.note(Self.outageBegins, at: Self.moment(1))) == ["house outage begins", "0 outage begins"])
        #expect(words(router.note(Self.outageEnds, at: Self.moment(2))) == ["house outage ends", "0 outage ends"])
    }

    @Test func eachHasItsOwnThresholds() {
        var router = Self.router([Self.alert("a", serverErrors: 2), Self.alert("b", serverErrors: 7)])
        let told = (1...7).flatMap { words(router.note(Self.answer(503), at: Self.moment($0))) }
        #expect(told == ["0 serverErrors begins", "house serverErrors begins", "1 serverErrors begins"])
        #expect(router.nextLook == Self.moment(68))
        #expect(words(router.look(at: Self.moment(68))).count == 3)
        #expect(router.nextLook == nil)
    }

    @Test func whoeverIsNewIsToldWhatIsOn() {
        var router = Self.router([Self.alert("a")])
        _ = router.note(Self.outageBegins, at: Self.moment(1))
        let told = router.change(
            [Self.alert("new"), Self.alert("a"), Self.alert("deaf", [.serverErrors])], thresholds: [:], limit: nil,
            at: Self.moment(5))
        #expect(words(told) == ["1 outage begins"])
        #expect(told.recipients.first?.change.since == Self.moment(1))
        #expect(router.recipients.map(\.number) == [1, 0, 2])
        #expect(
            words(router.note(Self.outageEnds, at: Self.moment(6))) == [
                "house outage ends", "1 outage ends", "0 outage ends",
            ])
    }

    @Test func whoeverWantsToHearOfMoreIsToldThat() {
        var router = Self.router([Self.alert("a", [.serverErrors])])
        _ = router.note(Self.outageBegins, at: Self.moment(1))
        let told = router.change(
            [Self.alert("a", [.serverErrors, .outage])], thresholds: [:], limit: nil, at: Self.moment(5))
        #expect(words(told) == ["0 outage begins"])
        // And the same configuration once more changes nothing.
        #expect(
            words(
                router.change(
                    [Self.alert("a", [.serverErrors, .outage])], thresholds: [:], limit: nil, at: Self.moment(6))
            )
            .isEmpty)
    }

    @Test func whoeverIsRemovedHearsNothing() {
        var router = Self.router([Self.alert("a"), Self.alert("b")])
        _ = router.change([Self.alert("b")], thresholds: [:], limit: nil, at: Self.moment(1))
        #expect(
            words(router.note(Self.outageBegins, at: Self.moment(2))) == ["house outage begins", "1 outage begins"])
    }
}

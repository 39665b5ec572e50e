import Foundation
import Model

extension DeliveryService {
    /// As much of a status document as is read; one that is longer cannot be understood.
    static let longestStatus = 4 * 1024 * 1024

    /// Reads a batch's status once, for confirmation or to know that it is final. It is a request like any other: it
    /// takes a slot, a place and a token, stands in the journal, and waits while submission pauses by itself.
    ///
    /// - Parameter keeping: what of the answer stands in the journal from then on.
    /// - Throws: `CancellationError`.
    package func readStatus(_ subject: StatusSubject, keeping: Keeping) async throws -> Confirmation {
        guard let endpoint = settings.endpoints[subject.kind],
            let url = DeliveryService.statusURL(subject.location, of: endpoint.url)
        else { return .unreadable("the batch's status is not at the API's own address") }
        try await breaker.waitForEnd()
        if await pauses.holds(subject.inbox) { return .held }
        return try await turnstile.withPlace(lane: subject.inbox) { try await readStatus(subject, at: url, keeping) }
    }

    /// Reads a batch's status until it is final or the deadline has come.
    ///
    /// - Parameters:
    ///   - keeping: what of the answers stands in the journal from then on.
    ///   - readings: how often it was read before, just now.
    /// - Returns: the last word; ``Confirmation/isFinal`` says whether it is one.
    /// - Throws: `CancellationError`.
    package func confirm(
        _ subject: StatusSubject, keeping: Keeping, after readings: Int = 0
    ) async throws -> Confirmation {
        let schedule = settings.confirmation
        stages[subject.drop] = .processing
        defer { stages[subject.drop] = nil }
        var deadline = time.moment + schedule.deadline
        if readings > 0 { try await time.sleep(for: schedule.pause(after: readings)) }
        for reading in (readings + 1)... {
            // An outage takes nothing of the time that the API has.
            let asked = time.moment
            try await breaker.waitForEnd()
            deadline = deadline + (time.moment - asked)
            let confirmation = try await readStatus(subject, keeping: keeping)
            let next = time.moment + schedule.pause(after: reading)
            if confirmation.isFinal || confirmation == .held || next > deadline { return confirmation }
            try await time.sleep(until: next)
        }
        throw CancellationError()
    }

    /// The same, and waits out an admin's pause: for those who hold nothing that others want.
    package func confirmPatiently(
        _ subject: StatusSubject, keeping: Keeping, after readings: Int = 0
    ) async throws -> Confirmation {
        while true {
            try await pauses.pass(subject.inbox)
            let confirmation = try await confirm(subject, keeping: keeping, after: readings)
            if confirmation != .held { return confirmation }
        }
    }

    private func readStatus(_ subject: StatusSubject, at url: URL, _ keeping: Keeping) async throws -> Confirmation {
        let (token, slot) = try await permission()
        let intent: Intent
        do {
            intent = try await intend(.status(drop: subject.drop, reference: subject.reference))
        } catch {
            await gate.turnBack(slot)
            throw error
        }
        let outgoing = Outgoing(
            method: "GET", url: url.absoluteString, body: nil, token: token, kept: DeliveryService.longestStatus)
        let exchange = try await exchange(outgoing, intent, slot)
        KillPoint.statusArrived.reach()
        let reply = exchange.reply
        var ending = RequestEnd(
            request: exchange.intent.entry.id, left: exchange.leftAt, status: reply.status, duration: exchange.duration)
        let confirmation: Confirmation
        switch reply.answer {
        case .status(200...299, _):
            confirmation = settings.status.read(reply.body)
            ending.response = await reply.text(keeping)
        case .status(401, _):
            await tokens.refuseForStatus(token)
            confirmation = .unreadable("the API answered 401")
            ending.error = .submitUnauthorized
        case .status(408, let retryAfter), .status(429, let retryAfter):
            let silence = Silence(retryAfter ?? settings.retry.base, time)
            await gate.slowDown(until: silence.end, leftAt: exchange.left)
            ending.silence = silence
            confirmation = .pending
            ending.error = .submitRateLimited
        case .status(let status, _):
            confirmation = .unreadable("the API answered \(status)")
            ending.error = status >= 500 ? .submitServerError : .submitNotFound
        case .none(let failure):
            confirmation = .unreadable(failure.message)
            ending.error = .submitNetwork
        }
        await gate.leave(slot)
        try await journal.end(ending)
        KillPoint.statusCommitted.reach()
        report(
            .answered(
                AttemptReport(
                    subject: AttemptReport.Subject(
                        inbox: subject.inbox, drop: subject.drop, reference: subject.reference, attempt: 1),
                    method: "GET", path: url.path, requestID: exchange.intent.requestID, status: reply.status,
                    code: ending.error, duration: exchange.duration, failure: reply.failure, isStatus: true)))
        return confirmation
    }

    /// Where the status lies: on the host that the batch went to, or nowhere that a token may be taken to.
    static func statusURL(_ location: String, of endpoint: String) -> URL? {
        guard let base = URL(string: endpoint), let url = URL(string: location, relativeTo: base)?.absoluteURL,
            url.scheme == base.scheme, url.host == base.host, url.port == base.port, url.user == nil
        else { return nil }
        return url
    }
}

import Foundation
import Hummingbird

/// What is done with a request, step by step, from its head to how it ends.
extension Sandbox {
    /// Takes a request to the API or the token endpoint.
    func ending(of request: Request, isHTTP2: Bool) async throws -> Ending {
        let arrival = update { state in
            state.arrive(
                method: request.method.rawValue, path: request.uri.path,
                requestID: Self.header("X-Request-Id", of: request), isHTTP2: isHTTP2, at: clock.now(),
                date: clock.date())
        }
        let ending = try await ending(of: request, arrival: arrival)
        update { $0.log.end(arrival.number, status: ending.status) }
        return ending
    }

    private func ending(of request: Request, arrival: SandboxState.Arrival) async throws -> Ending {
        if arrival.latency > .zero { try await clock.sleep(arrival.latency) }
        switch arrival.course {
        case .end(let ending):
            return ending
        case .proceed(let endpoint, let fault):
            return try await ending(of: request, to: endpoint, number: arrival.number).spoilt(by: fault)
        }
    }

    private func ending(of request: Request, to endpoint: Endpoint, number: Int) async throws -> Ending {
        switch endpoint {
        case .token:
            if let refusal = Self.refusal(ofContentType: request, wanted: "application/json") { return refusal }
            return try await withBody(of: request, upTo: 64_000) { body, _ in
                try await follow(script(for: endpoint, reference: nil)) {
                    try update { try $0.token(body, at: clock.now(), date: clock.date()) }
                }
            }
        case .status(let identifier):
            if let refusal = refusal(ofToken: request) { return refusal }
            return try await follow(script(for: endpoint, reference: nil)) {
                update { $0.status(identifier, at: clock.now()) }
            }
        case .submit(let kind):
            if let refusal = refusal(ofToken: request) { return refusal }
            if let refusal = Self.refusal(ofContentType: request, wanted: kind.contentType) { return refusal }
            return try await submission(request, kind: kind, number: number)
        }
    }

    private func submission(_ request: Request, kind: SubmissionKind, number: Int) async throws -> Ending {
        let limit = kind == .attachment ? options.multipartBytes : options.jsonBytes
        return try await withBody(of: request, upTo: limit) { body, sha256 in
            let boundary = MultipartForm.boundary(of: request.headers[.contentType] ?? "")
            let checked =
                kind == .attachment
                ? BatchCheck.check(body, boundary: boundary ?? "")
                : BatchCheck.check(body, kind: kind, sha256: sha256)
            let reference: String?
            switch checked {
            case .fits(let batch):
                reference = batch.reference
                update { $0.log.note(number, batch) }
            case .refused:
                let found = BatchCheck.reference(in: body)
                reference = found
                update { $0.log.note(number, reference: found) }
            }
            return try await follow(script(for: .submit(kind), reference: reference)) {
                switch checked {
                case .fits(let batch): update { $0.submit(batch, at: clock.now()) }
                case .refused(let errors): .problem(400, "The body is not as it should be", errors: errors)
                }
            }
        }
    }

    /// Reads the body and goes on with it, unless it is over the limit or not whole.
    private func withBody(
        of request: Request, upTo limit: Int, _ proceed: (Data, String) async throws -> Ending
    ) async throws -> Ending {
        switch try await BodyReader.read(request, upTo: limit) {
        case .whole(let body, let sha256):
            return try await proceed(body, sha256)
        case .tooLarge:
            let headers = [(name: "Connection", value: "close")]
            return .answerAndClose(.problem(413, "The body is over \(limit) bytes", headers: headers))
        case .cutOff:
            return .close
        }
    }

    private func script(for endpoint: Endpoint, reference: String?) -> ScriptedAnswer? {
        update { $0.script.next(for: endpoint, reference: reference) }
    }

    /// Does what is scripted around, or in place of, applying the request.
    private func follow(_ scripted: ScriptedAnswer?, apply: () throws -> Answer) async throws -> Ending {
        switch scripted {
        case nil, .ok:
            return .answer(try apply())
        case .delay(let delay):
            try await clock.sleep(delay)
            return .answer(try apply())
        case .status(let code):
            return .answer(.problem(code, "Scripted"))
        case .retryAfter(let value):
            return .answer(.problem(429, "Scripted", headers: [("Retry-After", value)]))
        case .answer(let status, let headers, let body):
            return .answer(Answer(status: status, headers: headers.map { ($0.key, $0.value) }, body: body))
        case .statusAfterApply(let code):
            _ = try apply()
            return .answer(.problem(code, "Scripted"))
        case .close:
            return .close
        case .closeAfterApply:
            _ = try apply()
            return .close
        case .tearAfterApply:
            return .tear(try apply())
        case .garbageAfterApply:
            _ = try apply()
            return .garbage
        case .hugeAfterApply:
            return .long(try apply(), bytes: 10_000_000)
        case .endlessAfterApply:
            return .long(try apply(), bytes: nil)
        case .hang:
            return .silence
        case .hangAfterApply:
            _ = try apply()
            return .silence
        }
    }

    private func refusal(ofToken request: Request) -> Ending? {
        update { $0.refusal(ofAuthorization: request.headers[.authorization], at: clock.now()) }
            .map { .answer($0) }
    }

    private static func refusal(ofContentType request: Request, wanted: String) -> Ending? {
        let given = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() } ?? ""
        let type = given.trimmingCharacters(in: .whitespaces)
        guard type != wanted else { return nil }
        return .answer(.problem(415, "The body must be \(wanted)"))
    }
}

extension Ending {
    /// The status that the client is told; `nil` where it is told none.
    var status: Int? {
        switch self {
        case .answer(let answer), .answerAndClose(let answer), .long(let answer, _): answer.status
        case .tear, .close, .silence, .cut, .garbage: nil
        }
    }

    /// What a fault by chance makes of it. A refusal is a refusal: only what was applied is spoilt.
    fileprivate func spoilt(by fault: FaultPlan.Effect?) -> Ending {
        guard case .answer(let answer) = self, answer.status < 300 || fault == .drop else { return self }
        switch fault {
        case .drop: return .close
        case .hang: return .silence
        case .tear: return .tear(answer)
        case .garbage: return .garbage
        case .huge: return .long(answer, bytes: 10_000_000)
        case .endless: return .long(answer, bytes: nil)
        case nil, .status, .cut, .early: return self
        }
    }
}

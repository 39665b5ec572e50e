import Hummingbird
import Logging
import Model

/// Why a request of the JSON API is not done, as RFC 9457 writes it.
struct APIProblem: Error, HTTPResponseError {
    let status: HTTPResponse.Status
    let detail: String

    init(_ status: HTTPResponse.Status, _ detail: String) {
        self.status = status
        self.detail = detail
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var json = JSONWriter()
        json.object {
            $0.member("type", "about:blank")
            $0.member("title", status.reasonPhrase)
            $0.member("status", status.code)
            $0.member("detail", detail)
        }
        var response = Response.text(json.text, status, type: "application/problem+json")
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer realm=\"sluice\"" }
        return response
    }
}

/// Whatever goes wrong below `/api` is told as JSON.
struct APIErrors: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard request.uri.path.hasPrefix("/api/"), !(error is APIProblem) else { throw error }
            guard let known = error as? any HTTPResponseError else {
                logger.error("the API cannot answer", metadata: ["error": "\(error)"])
                throw APIProblem(.internalServerError, "The ledger cannot be read now; the log says why.")
            }
            let words = known as? HTTPError
            var response = try APIProblem(known.status, words?.body ?? "There is no such page.")
                .response(from: request, context: context)
            for field in words?.headers ?? [:] { response.headers[field.name] = field.value }
            return response
        }
    }
}

extension Response {
    static func json(_ body: (inout JSONWriter) throws -> Void) rethrows -> Response {
        var json = JSONWriter()
        try json.object(body)
        return .text(json.text, type: "application/json")
    }
}

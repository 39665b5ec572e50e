import Hummingbird
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

extension Response {
    static func json(_ body: (inout JSONWriter) throws -> Void) rethrows -> Response {
        var json = JSONWriter()
        try json.object(body)
        return .text(json.text, type: "application/json")
    }
}

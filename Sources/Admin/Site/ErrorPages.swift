import Hummingbird
import Logging

/// What cannot be answered, as a page in words; of what broke inside nothing is told but in the log.
struct ErrorPages: RouterMiddleware {
    typealias Context = SitePages.Context

    let site: SitePages

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            guard isForPeople(request) else { throw error }
            var response = page(request, error.status, error.body)
            for field in error.headers { response.headers[field.name] = field.value }
            return response
        } catch let error as any HTTPResponseError {
            guard isForPeople(request) else { throw error }
            return page(request, error.status, nil)
        } catch {
            guard isForPeople(request) else { throw error }
            site.logger.error(
                "admin page failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return page(request, .internalServerError, nil)
        }
    }

    /// Programs have their own ways to be told.
    private func isForPeople(_ request: Request) -> Bool {
        let path = request.uri.path
        return !path.hasPrefix("/api") && !path.hasPrefix("/health") && path != "/metrics"
    }

    private func page(_ request: Request, _ status: HTTPResponse.Status, _ words: String?) -> Response {
        let standing =
            switch status {
            case .notFound: "There is no such page."
            case .internalServerError: "Something went wrong inside; the log has more."
            default: "The request cannot be answered."
            }
        return site.render(
            "message",
            MessagePage(
                frame: site.frame("\(status.code)", request, takesNotice: false),
                heading: "\(status.code) \(status.reasonPhrase)", words: words ?? standing), status)
    }
}

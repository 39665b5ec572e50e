import Hummingbird

/// Which methods paths have.
struct MethodTable: Sendable {
    private let rows: [(path: [Substring], methods: [HTTPRequest.Method])]

    /// - Parameter rows: a component that begins with a colon stands for any.
    init(_ rows: [(String, [HTTPRequest.Method])]) {
        self.rows = rows.map { ($0.0.split(separator: "/"), $0.1) }
    }

    /// - Returns: `nil`: there is no such path.
    func methods(of path: String) -> [HTTPRequest.Method]? {
        let components = path.split(separator: "/")
        return rows.first { row in
            row.path.count == components.count
                && zip(row.path, components).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
        }?.methods
    }
}

/// What the API does not have is said as JSON, and a wrong method with those that are right.
struct APINotFound<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError
            where error.status == .notFound && request.uri.path.hasPrefix("/api/") && !(error is APIProblem)
        {
            guard let methods = APIRoutes.methods.methods(of: request.uri.path) else {
                throw APIProblem(.notFound, "There is no such page.")
            }
            let names = methods.map(\.rawValue).joined(separator: ", ")
            let problem = APIProblem(.methodNotAllowed, "This page has \(names).")
            var response = try problem.response(from: request, context: context)
            response.headers[.allow] = names
            return response
        }
    }
}

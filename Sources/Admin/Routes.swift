import Hummingbird

/// Routes that know all of their methods: any other is answered with 405 and those that there are.
struct Routes {
    typealias Handler = @Sendable (Request, BasicRequestContext) async throws -> Response

    private let router: Router<BasicRequestContext>
    private var rows: [WrongMethods.Row] = []

    init(_ router: Router<BasicRequestContext>) {
        self.router = router
    }

    mutating func add(_ path: String, get: Handler? = nil, post: Handler? = nil) {
        if let get { router.get(RouterPath(path), use: get) }
        if let post { router.post(RouterPath(path), use: post) }
        let methods: [HTTPRequest.Method] = (get == nil ? [] : [.get, .head]) + (post == nil ? [] : [.post])
        rows.append(WrongMethods.Row(path: path.split(separator: "/"), methods: methods))
    }

    /// For what was added so far.
    var wrongMethods: WrongMethods { WrongMethods(rows: rows) }
}

/// Tells a wrong method of a path that there is from a path that there is not.
struct WrongMethods: RouterMiddleware {
    struct Row: Sendable {
        /// A component that begins with a colon stands for any.
        let path: [Substring]
        let methods: [HTTPRequest.Method]
    }

    let rows: [Row]

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError where error.status == .notFound {
            guard let methods = methods(of: request.uri.path), !methods.contains(request.method) else {
                throw error
            }
            let names = methods.map(\.rawValue)
            throw HTTPError(
                .methodNotAllowed, headers: [.allow: names.joined(separator: ", ")],
                message: "This address takes \(names.joined(separator: " and ")) only.")
        }
    }

    /// - Returns: `nil`: there is no such path.
    private func methods(of path: String) -> [HTTPRequest.Method]? {
        let components = path.split(separator: "/")
        return rows.first { row in
            row.path.count == components.count
                && zip(row.path, components).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
        }?.methods
    }
}

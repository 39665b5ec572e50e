/// What a batch holds: decides where it is sent, and what it must look like.
package enum SubmissionKind: String, Sendable, CaseIterable, Codable {
    case account
    case payment
    case claim
    case attachment

    /// The path below the API's root.
    var path: String {
        switch self {
        case .account: "/v1/account"
        case .payment: "/v1/payment"
        case .claim: "/v1/third-party-insurance"
        case .attachment: "/v1/attachment"
        }
    }

    var method: String { self == .attachment ? "POST" : "PUT" }

    var contentType: String { self == .attachment ? "multipart/form-data" : "application/json" }
}

/// One thing that the sandbox can be asked for, apart from its own `/sandbox` pages.
enum Endpoint: Sendable, Equatable {
    case token
    case submit(SubmissionKind)
    /// A batch's status, by the identifier in its `Location`.
    case status(String)

    static let tokenPath = "/oauth/token"
    static let apiRoot = "/sync"
    static let statusPath = apiRoot + "/v1/status/"

    enum Match: Equatable {
        case found(Endpoint)
        case wrongMethod(allowed: String)
        case unknown
    }

    static func match(method: String, path: String) -> Match {
        guard let (endpoint, allowed) = endpoint(at: path) else { return .unknown }
        return method == allowed ? .found(endpoint) : .wrongMethod(allowed: allowed)
    }

    private static func endpoint(at path: String) -> (endpoint: Endpoint, method: String)? {
        if path == tokenPath { return (.token, "POST") }
        if let kind = SubmissionKind.allCases.first(where: { path == apiRoot + $0.path }) {
            return (.submit(kind), kind.method)
        }
        guard path.hasPrefix(statusPath) else { return nil }
        let identifier = path.dropFirst(statusPath.count)
        guard !identifier.isEmpty, !identifier.contains("/") else { return nil }
        return (.status(String(identifier)), "GET")
    }
}

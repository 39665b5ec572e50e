import Model

extension Breaker.Sign {
    /// - Parameter isNewToken: whether a 401 before this one had the token renewed.
    package init(of answer: Answer, _ kind: Kind, isNewToken: Bool) {
        self =
            switch answer {
            case .status(401, _): isNewToken ? .refuses : .none
            case .status(403, _): .refuses
            case .status(404, _): kind == .attachment ? .early : .refuses
            case .status(408, _), .status(429, _): .none
            case .status(500..., _): .fails
            case .status: .works
            case .none(let failure):
                switch failure.origin {
                case .network: .fails
                case .untrusted: .untrusted
                case .changedFile, .machine: .none
                }
            }
    }

    /// What an answer means while submission pauses: no attempt, but for what is a drop's own.
    func hold(_ answer: Answer) -> RetryPolicy.Action? {
        switch (self, answer) {
        case (.works, _), (.early, _): nil
        case (.refuses, .status(401, _)): .hold(.submitUnauthorized)
        case (.refuses, .status(403, _)): .hold(.submitForbidden)
        case (.refuses, _): .hold(.submitNotFound)
        case (.fails, .status): .hold(.submitServerError)
        case (.fails, .none), (.untrusted, _): .hold(.submitNetwork)
        case (.none, .status(408, _)), (.none, .status(429, _)): .hold(.submitRateLimited)
        case (.none, _): nil
        }
    }
}

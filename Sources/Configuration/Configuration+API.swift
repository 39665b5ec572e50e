import SystemPackage

extension Configuration {
    /// The Credit Clear API: where it is, how to log in, how to read its answers.
    package struct API: Sendable, Equatable {
        /// The base of every endpoint, without a trailing slash: `https://api.creditclear.com.au/sync`.
        package var url: String
        package var tokenURL: String
        package var audience: String
        package var clientID: SecretSource
        package var clientSecret: SecretSource
        /// How long one request may take.
        package var timeout: Duration
        /// A PEM file of certificate authorities to trust; `nil`: the system's.
        package var ca: FilePath?
        package var confirm: Confirm
        /// How long a 2xx without a status is waited for before it counts as final; zero takes 2xx for it.
        package var orderWait: Duration
        /// Always holds all four kinds.
        package var endpoints: [EndpointKind: Endpoint]
        package var status: StatusReading

        package init(
            url: String, tokenURL: String, audience: String, clientID: SecretSource, clientSecret: SecretSource,
            timeout: Duration = Defaults.API.timeout, ca: FilePath? = nil, confirm: Confirm = Defaults.API.confirm,
            orderWait: Duration = Defaults.API.orderWait,
            endpoints: [EndpointKind: Endpoint] = Defaults.API.endpoints,
            status: StatusReading = Defaults.API.status
        ) {
            self.url = url
            self.tokenURL = tokenURL
            self.audience = audience
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.timeout = timeout
            self.ca = ca
            self.confirm = confirm
            self.orderWait = orderWait
            self.endpoints = endpoints
            self.status = status
        }
    }

    /// When a batch counts as done.
    package enum Confirm: String, Sendable, CaseIterable {
        /// At the 2xx answer.
        case accepted
        /// When the status URI says that the batch was processed.
        case completed
    }

    /// What has an endpoint of its own.
    package enum EndpointKind: String, Sendable, CaseIterable {
        case account, payment, claim, attachment
    }

    /// One route of the API.
    package struct Endpoint: Sendable, Equatable {
        package var method: Method
        /// Follows `API.url`; begins with a slash.
        package var path: String

        package init(method: Method, path: String) {
            self.method = method
            self.path = path
        }

        /// The methods that carry a body.
        package enum Method: String, Sendable, CaseIterable {
            case put = "PUT"
            case post = "POST"
            case patch = "PATCH"
        }
    }

    /// How the answer at a batch's status URI is read.
    package struct StatusReading: Sendable, Equatable {
        /// The field that holds the status word.
        package var field: String
        package var pending: [String]
        package var completed: [String]
        /// The field that lists the records, each with a status of its own in `field`.
        package var records: String
        package var refused: [String]

        package init(field: String, pending: [String], completed: [String], records: String, refused: [String]) {
            self.field = field
            self.pending = pending
            self.completed = completed
            self.records = records
            self.refused = refused
        }
    }
}

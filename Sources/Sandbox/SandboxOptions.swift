/// What a sandbox enforces, and how it misbehaves. The defaults are the API's own limits.
package struct SandboxOptions: Sendable {
    /// The address to listen on.
    package var host: String
    /// The port to listen on; 0 lets the system choose one.
    package var port: Int
    /// The requests allowed in any 60 seconds, of whatever sort; `nil` for no limit.
    package var requestsPerMinute: Int?
    /// The largest JSON body that is taken.
    package var jsonBytes: Int
    /// The largest multipart body that is taken.
    package var multipartBytes: Int
    /// How long a token is accepted after it was issued.
    package var tokenLifetime: Duration
    /// Whether the token endpoint says `expires_in`.
    package var statesTokenLifetime: Bool
    /// The client that gets tokens; `nil` for any that is not empty.
    package var clientID: String?
    /// That client's secret; `nil` for any that is not empty.
    package var clientSecret: String?
    /// The audience that tokens are issued for; `nil` for any that is not empty.
    package var audience: String?
    /// Whether an attachment is 404 until an account with its `clientReferenceId` has been accepted.
    package var attachmentsNeedAccount: Bool
    /// The faults that befall requests by chance.
    package var faults: FaultPlan
    /// The seed of everything that is left to chance: the same seed and requests give the same faults.
    package var seed: UInt64
    /// Whether it speaks TLS, HTTP/2 included, with a certificate made at the start; its authority is
    /// ``Sandbox/authority``.
    package var tls: Bool

    package init(
        host: String = "127.0.0.1",
        port: Int = 0,
        requestsPerMinute: Int? = 1000,
        jsonBytes: Int = 30_000_000,
        multipartBytes: Int = 25_000_000,
        tokenLifetime: Duration = .seconds(24 * 60 * 60),
        statesTokenLifetime: Bool = true,
        clientID: String? = nil,
        clientSecret: String? = nil,
        audience: String? = nil,
        attachmentsNeedAccount: Bool = true,
        faults: FaultPlan = FaultPlan(),
        seed: UInt64 = 1,
        tls: Bool = false
    ) {
        self.host = host
        self.port = port
        self.requestsPerMinute = requestsPerMinute
        self.jsonBytes = jsonBytes
        self.multipartBytes = multipartBytes
        self.tokenLifetime = tokenLifetime
        self.statesTokenLifetime = statesTokenLifetime
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.audience = audience
        self.attachmentsNeedAccount = attachmentsNeedAccount
        self.faults = faults
        self.seed = seed
        self.tls = tls
    }
}

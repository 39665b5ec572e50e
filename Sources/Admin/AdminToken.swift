import Crypto
import SluiceConfiguration

/// The token that actions need.
struct AdminToken: Sendable {
    private let digest: SHA256.Digest

    init(_ token: Secret) {
        digest = SHA256.hash(data: Array(token.reveal().utf8))
    }

    /// Takes as long whatever is offered: what is compared are digests, and all of their bytes.
    func isEqual(to offered: some StringProtocol) -> Bool {
        digest == SHA256.hash(data: Array(offered.utf8))
    }

    /// Whether a header `Authorization: Bearer TOKEN` (RFC 6750) has it.
    func isIn(authorization header: String?) -> Bool {
        guard let header else { return false }
        let parts = header.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" && isEqual(to: parts[1])
    }
}

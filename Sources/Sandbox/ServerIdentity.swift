import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A key and a certificate made at the start, for as long as the sandbox runs.
struct ServerIdentity: Sendable {
    /// As PEM; it is its own authority.
    let certificate: String
    private let key: String

    /// A certificate for `host`, for this machine's own names, and for nobody else.
    init(host: String) {
        do {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let name = try DistinguishedName { CommonName("sluice sandbox") }
            let now = Date()
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
                notValidBefore: now - 3600, notValidAfter: now + 3650 * 86_400, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    SubjectAlternativeNames(ServerIdentity.names(host))
                }, issuerPrivateKey: key)
            self.certificate = try certificate.serializeAsPEM().pemString
            self.key = try key.serializeAsPEM().pemString
        } catch {
            preconditionFailure("A certificate cannot be made: \(error)")
        }
    }

    private static func names(_ host: String) -> [GeneralName] {
        var names: [GeneralName] = [
            .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
            .ipAddress(ASN1OctetString(contentBytes: Array(repeating: 0, count: 15) + [1])),
        ]
        if host.contains(where: \.isLetter), !host.contains(":") { names.append(.dnsName(host)) }
        return names
    }

    func configuration() throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
    }
}

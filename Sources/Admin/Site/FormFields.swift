import Foundation

import Hummingbird
import Model
import NIOCore

/// The fields of a form, of a query or a body of the type `application/x-www-form-urlencoded`.
struct FormFields: Sendable {
    static let largestBody = 64 * 1024

    private var fields: [String: String] = [:]

    init(_ text: some StringProtocol) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormFields.decode(parts[0]), fields[name] == nil else { continue }
            fields[name] = parts.count > 1 ? FormFields.decode(parts[1]) : ""
        }
    }

    /// - Throws: `HTTPError` for another type, and for a body that is too long.
    init(bodyOf request: Request) async throws {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        guard type?.trimmingCharacters(in: .whitespaces) == "application/x-www-form-urlencoded" else {
            throw HTTPError(.unsupportedMediaType, message: "Only a form can be sent here.")
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: FormFields.largestBody)
        } catch is NIOTooManyBytesError {
            throw HTTPError(.contentTooLarge, message: "A form has at most 64 KB.")
        }
        self.init(String(decoding: body.readableBytesView, as: UTF8.self))
    }

    /// `nil`: it is not there, or empty.
    subscript(_ name: String) -> String? {
        guard let value = fields[name], !value.isEmpty else { return nil }
        return value
    }

    /// - Returns: `nil` where it is no UTF-8, or a `%` without two digits behind it.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `?a=b&c=d` of those that have a value.
    static func query(_ fields: KeyValuePairs<String, String?>) -> String {
        let pairs = fields.compactMap { field in field.value.map { "\(field.key)=\($0.percentEncoded)" } }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }
}

import Foundation

/// What a batch is about, as far as the sandbox has to know.
struct Batch: Sendable {
    var kind: SubmissionKind
    /// Its `batchReferenceId`, or an attachment's `referenceId`.
    var reference: String
    /// SHA-256 of the body; of an attachment's fields and file, as a multipart body has a new boundary each time.
    var sha256: String
    /// What each record is about, in the order of the body.
    var identities: [RecordIdentity]
    var content: Content

    enum Content: Sendable {
        case json(Data)
        case file(AttachmentFile)
    }
}

/// What a record is about. A claim may have only its `claimNumber`.
struct RecordIdentity: Sendable, Hashable {
    var clientReferenceId: String?
    var claimNumber: String?

    /// The one of the two that tells the record from others.
    var name: String { clientReferenceId ?? claimNumber ?? "" }
}

/// What is known of an attachment besides whom it belongs to.
struct AttachmentFile: Sendable, Hashable {
    var name: String
    var bytes: Int
    var sha256: String
    var brand: String
    var portfolio: String
}

/// The outcome of looking at a body.
enum Checked<Value: Sendable>: Sendable {
    case fits(Value)
    case refused([BodyError])
}

/// Looks at JSON bodies as section 4 of the contract describes them.
enum BatchCheck {
    static func check(_ body: Data, kind: SubmissionKind, sha256: String) -> Checked<Batch> {
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: body)
        } catch {
            return .refused([BodyError(pointer: "", message: "is not JSON: \(reason(of: error))")])
        }
        guard let root = parsed as? [String: Any] else {
            return .refused([BodyError(pointer: "", message: "is not an object")])
        }
        var errors: [BodyError] = []
        let reference = text(root["batchReferenceId"], 1...150)
        if reference == nil {
            errors.append(
                BodyError(pointer: "/batchReferenceId", message: "must be a string of 1 to 150 characters"))
        }
        let shape = RecordShape.shape(of: kind)
        guard let records = root[shape.array] as? [Any], !records.isEmpty else {
            errors.append(BodyError(pointer: "/\(shape.array)", message: "must be an array of at least one record"))
            return .refused(errors)
        }
        var identities: [RecordIdentity] = []
        identities.reserveCapacity(records.count)
        for (index, record) in records.enumerated() {
            guard let record = record as? [String: Any] else {
                errors.append(BodyError(pointer: "/\(shape.array)/\(index)", message: "is not an object"))
                continue
            }
            errors += shape.errors(in: record, pointer: "/\(shape.array)/\(index)")
            identities.append(
                RecordIdentity(
                    clientReferenceId: record["clientReferenceId"] as? String,
                    claimNumber: kind == .claim ? record["claimNumber"] as? String : nil))
        }
        guard errors.isEmpty, let reference else { return .refused(errors) }
        return .fits(
            Batch(kind: kind, reference: reference, sha256: sha256, identities: identities, content: .json(body)))
    }

    /// The reference of a body that may be anything: what a script goes by.
    static func reference(in body: Data) -> String? {
        guard let start = body.range(of: Data(#""batchReferenceId""#.utf8)) else { return nil }
        let rest = body[start.upperBound...].drop { $0 == 0x3A || $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        return String(decoding: rest.dropFirst().prefix(600).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
    }

    /// A string whose length in characters is in the range, else `nil`.
    static func text(_ value: Any?, _ lengths: ClosedRange<Int>) -> String? {
        guard let string = value as? String, lengths.contains(string.unicodeScalars.count) else { return nil }
        return string
    }

    private static func reason(of error: any Error) -> String {
        let details = (error as NSError).userInfo["NSDebugDescription"] as? String
        return details ?? error.localizedDescription
    }
}

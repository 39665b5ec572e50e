import FileSystem
import Model

/// One batch or attachment on its way to the API.
package struct Submission: Sendable {
    package var inbox: String
    package var drop: DropID
    package var kind: Kind
    package var reference: String
    package var body: RequestBody
    /// Attempts that it used before, in an earlier run of the service.
    package var attempts: Int
    /// Whether an acceptance is handed over, to be written down together with what follows from it.
    package var handsOverAcceptance: Bool
    /// What of its answers may be kept and shown.
    package var keeping: Keeping

    package init(
        inbox: String, drop: DropID, kind: Kind, reference: String, body: RequestBody, attempts: Int = 0,
        handsOverAcceptance: Bool = false, keeping: Keeping = .all
    ) {
        self.inbox = inbox
        self.drop = drop
        self.kind = kind
        self.reference = reference
        self.body = body
        self.attempts = attempts
        self.handsOverAcceptance = handsOverAcceptance
        self.keeping = keeping
    }
}

/// What of an answer's text may be kept and shown: the API may quote what it was sent.
package enum Keeping: Sendable {
    case all
    /// The text without what may be shown to nobody; `ofRefusals`: and nothing of what accepts a request, which tells nobody
    /// anything.
    case hiding(@Sendable (_ text: [UInt8]) -> [UInt8], ofRefusals: Bool = false)
    case nothing

    /// What of an answer with this status can be said without looking into it.
    func atOnce(_ text: [UInt8], status: Int?) -> [UInt8]? {
        switch self {
        case .all: text
        case .hiding(_, let ofRefusals):
            text.isEmpty || ofRefusals && (200...299).contains(status ?? 0) ? [] : nil
        case .nothing: []
        }
    }

    /// Not on the caller's actor: a long document is read again.
    func kept(_ text: [UInt8]) async -> [UInt8] {
        switch self {
        case .all: text
        case .hiding(let hide, _): hide(text)
        case .nothing: []
        }
    }
}

/// What a request carries.
package enum RequestBody: Sendable {
    case json([UInt8])
    /// A long JSON text, read and hashed while it is sent: where the hash of the whole is not `sha256`, the end of the
    /// request never leaves. Without one it cannot change.
    ///
    /// `read` gives bytes of what is between head and tail, from an offset, `size` of them in all.
    case longJSON(
        head: [UInt8], size: Int64, tail: [UInt8], sha256: [UInt8]?,
        read: @Sendable (_ offset: Int64, _ count: Int) throws -> [UInt8])
    /// A file between two pieces of text, read and hashed while it is sent: where its hash is not `sha256`, the end of
    /// the request never leaves. Without one only its size is checked.
    case multipart(
        boundary: String, head: [UInt8], file: OpenFile, size: Int64, tail: [UInt8], sha256: [UInt8]? = nil)

    /// In bytes, as it goes over the wire.
    package var length: Int64 {
        switch self {
        case .json(let bytes): Int64(bytes.count)
        case .longJSON(let head, let size, let tail, _, _), .multipart(_, let head, _, let size, let tail, _):
            Int64(head.count + tail.count) + size
        }
    }

    var contentType: String {
        switch self {
        case .json, .longJSON: "application/json"
        case .multipart(let boundary, _, _, _, _, _): "multipart/form-data; boundary=\(boundary)"
        }
    }
}

/// How a submission ended.
package enum Delivered: Sendable, Hashable {
    case accepted
    /// It was accepted, and the journal is not told.
    case handedOver(RequestEnd)
    /// A final answer said no.
    case refused(Problem)
    /// The attempts are used up; whether the API took it is not known.
    case unresolved(Problem)
    /// An attachment whose account the API does not know so far.
    case early
    /// An admin paused its inbox before it was. Nothing of it is on its way.
    case held
}

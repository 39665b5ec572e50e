import Ledger
import Logging
import Model

/// Something that an admin had done, on the site or by the JSON API. The log has each; who it was is not known, for all
/// share one token.
struct AdminAction {
    let action: String
    /// A drop or an inbox; `nil`: all of them.
    let subject: String?
}

extension AdminAction {
    /// A drop that is put back.
    init(_ terms: RetryTerms, of drop: DropID) {
        self.init(action: terms.areUsual ? "retry" : "retry \(terms)", subject: drop.text)
    }
}

extension Logger {
    func log(_ action: AdminAction) {
        notice(
            "admin action",
            metadata: ["action": "\(action.action)", "subject": "\(FileName.escaped((action.subject ?? "all").utf8))"])
    }
}

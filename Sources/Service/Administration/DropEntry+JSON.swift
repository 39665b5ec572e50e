import Ledger
import Model

extension DropEntry {
    /// As the commands and the API write it.
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("id", drop.id.text)
            $0.member("inbox", drop.inbox)
            $0.member("name", drop.name.description)
            $0.member("filedName", filedName?.description)
            $0.member("kind", kind?.rawValue)
            $0.member("bytes", drop.bytes)
            $0.member("state", outcome == nil ? "pending" : outcome?.folder.rawValue)
            $0.member("outcome", outcome?.rawValue)
            $0.member("code", problem?.code.rawValue)
            $0.member("message", problem?.message)
            $0.member("retryable", problem?.code.isRetryable ?? false)
            $0.member("receivedAt", drop.receivedAt.description)
            $0.member("finishedAt", finishedAt?.description)
            $0.member("removedAt", removedAt?.description)
        }
    }
}

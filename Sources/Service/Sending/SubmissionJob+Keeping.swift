import Delivery
import Documents

extension SubmissionJob {
    private var sensitiveValues: SensitiveValues? {
        if case .document(let document) = content { document.sensitiveValues } else { nil }
    }

    /// What may be kept of answers to a request of its own.
    var keeping: Keeping {
        guard case .document(let document) = content, document.sensitiveValues != nil else { return .all }
        return .hiding(
            { text in
                var texts = [QuotingText(text)]
                do {
                    try document.hideSensitiveValues(in: &texts)
                } catch {
                    // What cannot be looked through is not kept.
                    return []
                }
                return texts[0].bytes
            }, ofRefusals: !hasFullResult)
    }

    /// What may be kept of answers to a request that it shares.
    ///
    /// - Parameter body: with the others' records; `nil`: they are not at hand.
    func keeping(sharing body: [UInt8]?) -> Keeping {
        guard let values = sensitiveValues else { return .all }
        guard let body else { return .nothing }
        return .hiding(
            { text in
                var texts = [QuotingText(text)]
                return values.hide(recordsOf: body, in: &texts) ? texts[0].bytes : []
            }, ofRefusals: !hasFullResult)
    }

    /// What may be shown of what the API says of its records, in the same order: nothing, where its file was written to.
    ///
    /// - Throws: what reading the document again throws.
    func shownIfUnchanged(_ messages: [String]) throws -> [String] {
        guard case .document(let document) = content, document.sensitiveValues != nil else { return messages }
        var texts = messages.map { QuotingText(Array($0.utf8)) }
        do {
            try document.hideSensitiveValues(in: &texts)
        } catch is DocumentHasChanged {
            return []
        }
        return texts.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
}

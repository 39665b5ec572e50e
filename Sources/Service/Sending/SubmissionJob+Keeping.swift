import Delivery
import Documents

extension SubmissionJob {
    private var sensitiveValues: SensitiveValues? {
        if case .document(let document) = content { document.sensitiveValues } else { nil }
    }

    /// Whether what its records are about is shown to nobody.
    var hidesIdentities: Bool {
        if case .document(let document) = content { document.hidesIdentities } else { false }
    }

    /// What may be kept of answers to a request of its own.
    var keeping: Keeping {
        guard case .document(let document) = content, sensitiveValues != nil else { return .all }
        return hiding { try document.hideSensitiveValues(in: &$0) }
    }

    /// What may be kept of answers while its document is not at hand.
    var keepingWithoutIt: Keeping { if case .all = keeping { .all } else { .nothing } }

    /// Whether a status that was read without its document has to be read again: its result shows it, but for what may be
    /// shown to nobody.
    func needsToRead(again word: Confirmation) -> Bool {
        guard word.isFinal, hasFullResult, case .nothing = keepingWithoutIt else { return false }
        return true
    }

    /// What may be kept of answers to a request that it shares.
    ///
    /// - Parameter body: with the others' records; `nil`: they are not at hand.
    func keeping(sharing body: [UInt8]?) -> Keeping {
        guard let values = sensitiveValues else { return .all }
        guard let body else { return .nothing }
        return hiding { try values.hide(recordsOf: body, in: &$0) }
    }

    /// - Parameter hide: what cannot be looked through is not kept.
    private func hiding(_ hide: @escaping @Sendable (inout [QuotingText]) throws -> Void) -> Keeping {
        .hiding(
            { text in
                // It is what was read of an answer.
                var texts = [QuotingText(text, mayGoOn: true)]
                do {
                    try hide(&texts)
                } catch {
                    return []
                }
                return texts[0].bytes
            }, ofRefusals: !hasFullResult)
    }

    /// What may be shown of what the API says of its records, in the same order: nothing, where its file was written to.
    ///
    /// - Throws: what reading the document again throws.
    func shownIfUnchanged(_ messages: [String]) throws -> [String] {
        guard case .document(let document) = content, sensitiveValues != nil else { return messages }
        var texts = messages.map { QuotingText(Array($0.utf8)) }
        do {
            try document.hideSensitiveValues(in: &texts)
        } catch is DocumentHasChanged {
            return []
        }
        return texts.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
}

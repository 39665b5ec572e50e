import Foundation
import Model

/// The sentence in which a result tells what the API said.
struct SubmissionMessage {
    /// As much of the API's own words as a person wants to read.
    private static let quoted = 500

    let code: Code
    let reply: APIClient.Reply
    let attempts: Int

    var text: String {
        switch code {
        case .readChanged:
            return "The file changed while it was sent."
        case .submitNetwork:
            return "The API did not answer in \(tries); at last: \(reply.failure ?? "no answer")."
        case .submitRateLimited, .submitServerError:
            return "The API answered \(status) in \(tries)\(words)"
        case .submitUnauthorized:
            return "The API answered \(status) with a new token too\(words)"
        default:
            return "The API answered \(status)\(words)"
        }
    }

    private var tries: String { attempts == 1 ? "1 attempt" : "\(attempts) attempts" }

    private var status: String { reply.status.map(String.init) ?? "nothing" }

    private var words: String {
        let said = apiWords
        return said.isEmpty ? "." : ": \(said)"
    }

    /// The message in an answer of a usual form, else its text; never more than a few lines.
    private var apiWords: String {
        struct Detail: Decodable {
            var pointer: String?
            var message: String?
        }
        struct Words: Decodable {
            var message: String?
            var detail: String?
            var title: String?
            var error: String?
            var errors: [Detail]?
        }
        var text = String(decoding: reply.body, as: UTF8.self)
        if let words = try? JSONDecoder().decode(Words.self, from: Data(reply.body)) {
            let details = (words.errors ?? []).compactMap { detail in
                detail.message.map { (detail.pointer.map { "\($0) " } ?? "") + $0 }
            }
            let parts = [words.message ?? words.detail ?? words.title ?? words.error].compactMap(\.self) + details
            if !parts.isEmpty { text = parts.joined(separator: "; ") }
        }
        text = FileName.escaped(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").utf8)
        return text.count <= SubmissionMessage.quoted ? text : text.prefix(SubmissionMessage.quoted) + "…"
    }
}

import Model
import SluiceConfiguration

/// What a recipient is told, described by `schemas/alert.schema.json`.
package struct AlertMessage: Sendable, Hashable {
    package var change: AlertChange
    /// When it began, and when this was said.
    package var since: Timestamp
    package var at: Timestamp
    /// Which service says so.
    package var host: String
    package var configuration: String

    /// - Parameter now: the time on the wall at `change.at`.
    package init(_ change: AlertChange, at now: Timestamp, host: String, configuration: String) {
        self.change = change
        since = now + (change.since - change.at)
        at = now
        self.host = host
        self.configuration = configuration
    }

    /// The same for an alert's begin and its end, and another for every alert that can be on beside it.
    package var key: String { ([change.event.rawValue] + [change.subject].compactMap(\.self)).joined(separator: "/") }

    /// In one line, so that whoever reads standard input by lines has all of it. `text` is what Slack and its likes show.
    package var json: String {
        var json = JSONWriter()
        json.object {
            $0.member("text", text)
            $0.member("version", 1)
            $0.member("event", change.event.rawValue)
            $0.member("state", change.phase == .begins ? "begun" : "ended")
            if let inbox = change.inbox { $0.member("inbox", inbox) }
            $0.member("count", change.count)
            $0.member("since", since.description)
            $0.member("at", at.description)
            $0.member("message", message)
            $0.member("action", action)
            $0.member("key", key)
            $0.member("host", host)
            $0.member("configuration", configuration)
        }
        return json.text
    }

    /// For a chat. Names of folders and files come from senders: nothing in them is a link or a mention.
    private var text: String {
        let state =
            switch change.phase {
            case .begins: "\(change.event.rawValue) has begun"
            case .ends: "\(change.event.rawValue) is over after \(since.duration(to: at).inWords)"
            }
        let words = ["Sluice on \(host): \(state).", message, action].filter { !$0.isEmpty }.joined(separator: " ")
        return words.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// What happened, in a sentence.
    package var message: String {
        let words = AlertWords(change)
        let sentence = change.phase == .begins ? words.begin : words.end
        guard sentence.count > AlertMessage.longest else { return sentence }
        return sentence.prefix(AlertMessage.longest) + "…"
    }

    /// A program is handed its message through a pipe, which holds no end of it.
    private static let longest = 1500

    /// What to do now, in a sentence; empty where there is nothing to do.
    package var action: String { change.phase == .begins ? AlertWords(change).action : "" }
}

extension Duration {
    /// Roughly, for people: `45 s`, `12 min`, `5 h`, `3 d`.
    fileprivate var inWords: String {
        let seconds = Int64(inSeconds.rounded())
        return switch seconds {
        case ..<120: "\(max(0, seconds)) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}

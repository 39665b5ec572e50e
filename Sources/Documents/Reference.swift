import Crypto
import Model

/// The form of the references that Sluice derives, and the limits of a sender's own (contract, section 5).
package enum Reference {
    /// What the API takes, in characters.
    package static let longest = 150
    /// What a sender's own may have, so that a part's number fits behind it.
    package static let longestOwn = 130
    /// How many digits of its hash stand for the rest of one that is cut.
    private static let cutDigits = 16

    /// `KIND-` and 40 hexadecimal digits, then perhaps `-rN` and `-KofN`.
    package static func isDerived(_ reference: String) -> Bool {
        guard let match = reference.wholeMatch(of: /([a-z]+)-[0-9a-f]{40}(-r[0-9]+)?(-[0-9]+of[0-9]+)?/) else {
            return false
        }
        return Kind(rawValue: String(match.1)) != nil
    }

    /// Whether a reference that a document brings is not taken for the sender's: it has the form of those that Sluice
    /// derives, or ends as those of parts do, so that a part of another document may have it.
    static func isOfSluicesForm(_ reference: String) -> Bool {
        isDerived(reference) || reference.firstMatch(of: /-[0-9]+of[0-9]+$/) != nil
    }

    /// A sender's own reference behind its inbox's name; where both are longer than a sender's own may be, `~` and digits
    /// of the hash of all of it stand for their end.
    static func prefixed(_ own: String, inbox: String) -> String {
        let reference = "\(inbox):\(own)"
        guard reference.unicodeScalars.count > longestOwn else { return reference }
        let digits = Array(SHA256.hash(data: Array(reference.utf8))).hex.prefix(cutDigits)
        return String(reference.unicodeScalars.prefix(longestOwn - 1 - cutDigits)) + "~" + digits
    }

    /// The reference of the submission number `round` of one content, counted from 1.
    static func round(_ round: Int, _ reference: String) -> String {
        round == 1 ? reference : "\(reference)-r\(round)"
    }

    /// The reference of part `part` of `parts`.
    static func part(_ part: Int, of parts: Int, _ reference: String) -> String {
        parts == 1 ? reference : "\(reference)-\(part)of\(parts)"
    }
}

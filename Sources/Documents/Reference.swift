import Model

/// The form of the references that Sluice derives, and the limits of a sender's own (contract, section 5).
package enum Reference {
    /// What the API takes, in characters.
    package static let longest = 150
    /// What a sender's own may have, so that a part's number fits behind it.
    package static let longestOwn = 130

    /// `KIND-` and 40 hexadecimal digits, then perhaps `-rN` and `-KofN`.
    package static func isDerived(_ reference: String) -> Bool {
        guard let match = reference.wholeMatch(of: /([a-z]+)-[0-9a-f]{40}(-r[0-9]+)?(-[0-9]+of[0-9]+)?/) else {
            return false
        }
        return Kind(rawValue: String(match.1)) != nil
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

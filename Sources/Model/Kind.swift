/// What a drop is to the API: it decides endpoint, schema and limits (contract, section 1).
package enum Kind: String, Sendable, Codable, CaseIterable {
    case account
    case payment
    case claim
    case attachment

    /// The member of a body that holds the records, `nil` for an attachment (contract, section 4).
    package var arrayName: String? {
        switch self {
        case .account: "accounts"
        case .payment: "payments"
        case .claim: "thirdPartyClaims"
        case .attachment: nil
        }
    }

    /// The kinds whose drops are documents.
    package static let documents: [Kind] = [.account, .payment, .claim]

    /// The field of a record that says what it is about; a claim falls back on its claim number.
    package var identityFields: [String] {
        switch self {
        case .account, .payment, .attachment: ["clientReferenceId"]
        case .claim: ["clientReferenceId", "claimNumber"]
        }
    }
}

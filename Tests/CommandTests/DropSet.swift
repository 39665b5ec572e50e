import Foundation

/// One of everything that senders drop, good and bad. The set's name is in every content, so that sets share nothing.
struct DropSet: Sendable {
    struct Drop: Sendable {
        /// Its path below the test's folder.
        var place: String
        var content: Data
        /// Whether it belongs to another user, where a test may say so.
        var isForeign = false
    }

    let name: String

    var drops: [Drop] {
        let payments = Data(Self.payments((1...5).map { "P\($0)-\(name)" }).utf8)
        var foreign = Self.account("erp/inbox/foreign-\(name).json", ["FOREIGN-\(name)"])
        foreign.isForeign = true
        // They end like whole ones: only reading them shows that they are not.
        let half = Drop(
            place: "erp/inbox/bad-half-\(name).json",
            content: Data(#"{"accounts":[\#(Self.record("HALF-\(name)", 1))"#.utf8))
        let foreignHalf = Drop(
            place: "erp/inbox/bad-foreign-half-\(name).json",
            content: Data(#"{"accounts":[\#(Self.record("FOREIGN-HALF-\(name)", 1))"#.utf8), isForeign: true)
        return [
            // Two about one account: the later one has the last word.
            Self.account("erp/inbox/a-first-\(name).json", ["A-\(name)", "B-\(name)"], amount: 1),
            Self.account("erp/inbox/a-second-\(name).json", ["A-\(name)"], amount: 2),
            // Three parts, and the same once more.
            Drop(place: "erp/inbox/payments-\(name).json", content: payments),
            Drop(place: "erp/inbox/payments-again-\(name).json", content: payments),
            Drop(place: "erp/inbox/payments-\(name).xml", content: Data(Self.xml("X-\(name)").utf8)),
            Drop(
                place: "erp/inbox/own-\(name).json",
                content: Data(
                    #"{"batchReferenceId":"own-\#(name)","accounts":[\#(Self.record("OWN-\(name)", 1))]}"#.utf8)),
            Drop(place: "erp/inbox/claims-\(name).json", content: Data(Self.claim("C-\(name)").utf8)),
            foreign,
            Self.account("erp/inbox/bad-\(name).json", ["BAD-\(name)"], amount: -1),
            half,
            foreignHalf,
            Drop(place: "erp/inbox/A-\(name).pdf", content: Self.attachment("A-\(name)")),
            Drop(place: "erp/inbox/LATE-\(name).pdf", content: Self.attachment("LATE-\(name)")),
            // Claimed by a run of the service that was killed before it could say so.
            Self.account("erp/.work/left-\(name).json", ["LEFT1-\(name)"]),
            Self.account("erp/.work/1/left-\(name).json", ["LEFT2-\(name)"]),
            Self.account("far/inbox/far-\(name).json", ["FAR1-\(name)"]),
            Self.account("far/inbox/far-too-\(name).json", ["FAR2-\(name)"]),
            Self.account("far/inbox/bad-far-\(name).json", ["FAR3-\(name)"], amount: -1),
            Drop(
                place: "partner/inbox/payments-\(name).json",
                content: Data(Self.payments(["PARTNER-\(name)"]).utf8)),
            Drop(place: "partner/inbox/claims-\(name).json", content: Data(Self.claim("PC-\(name)").utf8)),
            Self.account("partner/inbox/bad-partner-\(name).json", ["PBAD-\(name)"], amount: -1),
        ]
    }

    /// The account of an attachment that comes before it.
    var lateAccount: Drop { Self.account("erp/inbox/late-account-\(name).json", ["LATE-\(name)"]) }

    /// The payments that the API is to apply, each once.
    var payments: [String] { (1...5).map { "P\($0)-\(name)" } + ["X-\(name)", "PARTNER-\(name)"] }

    /// The claims that the API is to apply.
    var claims: [String] { ["C-\(name)", "PC-\(name)"] }

    /// The references of documents whose every attempt fails until they are put back.
    var troubled: [String] { claims }

    /// The attachments that the API is to apply, by their accounts.
    var attachments: [String] { ["A-\(name)", "LATE-\(name)"] }

    /// The accounts that the API is to know, and how often something was said of each.
    var accounts: [String: Int] {
        var accounts = ["A-\(name)": 2]
        for account in ["B", "OWN", "FOREIGN", "LATE", "LEFT1", "LEFT2", "FAR1", "FAR2"] {
            accounts["\(account)-\(name)"] = 1
        }
        return accounts
    }

    /// Whether a drop's own content is wrong.
    static func isBad(_ fileName: String) -> Bool { fileName.hasPrefix("bad") }

    // MARK: Contents

    static func account(_ place: String, _ references: [String], amount: Int = 1) -> Drop {
        let records = references.map { record($0, amount) }.joined(separator: ",")
        return Drop(place: place, content: Data(#"{"accounts":[\#(records)]}"#.utf8))
    }

    private static func record(_ reference: String, _ amount: Int) -> String {
        #"{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":\#(amount)}"#
    }

    private static func payments(_ references: [String]) -> String {
        let records = references.map { #"{"clientReferenceId":"\#($0)","amount":5}"# }
        return #"{"payments":[\#(records.joined(separator: ","))]}"#
    }

    private static func xml(_ reference: String) -> String {
        "<payments><payment><clientReferenceId>\(reference)</clientReferenceId><amount>5</amount></payment></payments>"
    }

    private static func claim(_ number: String) -> String {
        #"{"batchReferenceId":"\#(number)","thirdPartyClaims":[{"claimNumber":"\#(number)","status":"Open"}]}"#
    }

    private static func attachment(_ account: String) -> Data { Data("%PDF-1.4\n\(account)\n%%EOF\n".utf8) }
}

import Model

/// What makes a drop known: its content, a reference of its sender's own, its bytes.
struct HoldKey: Hashable {
    var text: String
    /// Whether it stays known after the drop was accepted.
    var lasts: Bool

    var isOwn: Bool { text.hasPrefix("own:") }

    static func own(_ reference: String) -> String { "own:" + reference }

    /// The keys of a drop, the most particular first.
    static func all(of admission: Admission) -> [HoldKey] {
        var keys = [HoldKey(text: admission.content, lasts: true)]
        if let own = admission.ownReference { keys.append(HoldKey(text: HoldKey.own(own), lasts: true)) }
        if admission.plainContent != admission.content {
            keys.append(HoldKey(text: "plain:" + admission.plainContent, lasts: false))
        }
        guard admission.kind != .attachment else { return keys }
        keys.append(HoldKey(text: bytes(admission.sha256, scope: admission.scope), lasts: false))
        // What the same bytes become depends on the configuration. For a payment they are the same payment.
        if admission.kind == .payment { keys.append(HoldKey(text: payment(admission), lasts: true)) }
        return keys
    }

    private static let bytesStem = "bytes:"
    private static let paymentStem = "payment-bytes:"

    /// What stands before the scope in keys that have one.
    static let scopedStems = [bytesStem, paymentStem]

    static func bytes(_ sha256: [UInt8], scope: String) -> String { "\(bytesStem)\(scope):\(sha256.hex)" }

    static func payment(_ admission: Admission) -> String {
        "\(paymentStem)\(admission.scope):\(admission.sha256.hex):\(admission.addition.hex)"
    }
}

import Foundation

/// The fields of one kind of record that the API looks at. Every other field passes.
struct RecordShape: Sendable {
    enum Rule: Sendable {
        /// A string of 1 to 150 characters.
        case identifier
        case text
        case textOrNull
        /// A number of at least 0.
        case amount
        case amountOrNull
        /// A number above 0, or null.
        case positiveOrNull
        case oneOf([String])
    }

    struct Field: Sendable {
        var name: String
        var rule: Rule
        var isRequired = false
    }

    /// The name of the array in the body.
    var array: String
    var fields: [Field]
    /// Whether every other field that is called an amount must be one.
    var checksAmounts = false

    static func shape(of kind: SubmissionKind) -> RecordShape {
        switch kind {
        case .account: account
        case .payment: payment
        case .claim, .attachment: claim
        }
    }

    private static let account = RecordShape(
        array: "accounts",
        fields: [
            Field(name: "clientReferenceId", rule: .identifier, isRequired: true),
            Field(name: "invoiceNumber", rule: .textOrNull, isRequired: true),
            Field(name: "outstandingAmount", rule: .amount),
            Field(name: "minimumOfferAmount", rule: .positiveOrNull),
            Field(name: "status", rule: .oneOf(["Active", "Hold", "Closed"])),
        ] + texts("brand", "portfolio", "product", "segment", "reference", "currency")
            + texts("paymentReconciliationReference", "bPayReference"))

    private static let payment = RecordShape(
        array: "payments", fields: [Field(name: "clientReferenceId", rule: .identifier, isRequired: true)])

    private static let claim = RecordShape(
        array: "thirdPartyClaims",
        fields: [
            Field(name: "claimNumber", rule: .identifier, isRequired: true),
            Field(name: "status", rule: .text, isRequired: true),
        ] + texts("brand", "portfolio", "clientReferenceId", "statusReason"),
        checksAmounts: true)

    private static func texts(_ names: String...) -> [Field] {
        names.map { Field(name: $0, rule: .textOrNull) }
    }

    /// What is wrong with a record, in the order of the fields.
    func errors(in record: [String: Any], pointer: String) -> [BodyError] {
        var errors: [BodyError] = []
        for field in fields {
            guard let value = record[field.name] else {
                if field.isRequired {
                    errors.append(BodyError(pointer: "\(pointer)/\(field.name)", message: "is required"))
                }
                continue
            }
            if let message = field.rule.complaint(about: value) {
                errors.append(BodyError(pointer: "\(pointer)/\(field.name)", message: message))
            }
        }
        guard checksAmounts else { return errors }
        for name in record.keys.filter({ $0.lowercased().hasSuffix("amount") }).sorted() {
            if let value = record[name], let message = Rule.amountOrNull.complaint(about: value) {
                errors.append(BodyError(pointer: "\(pointer)/\(name)", message: message))
            }
        }
        return errors
    }
}

extension RecordShape.Rule {
    /// What is wrong with a value as `JSONSerialization` gives it; `nil` where it fits.
    func complaint(about value: Any) -> String? {
        switch self {
        case .identifier:
            BatchCheck.text(value, 1...150) == nil ? "must be a string of 1 to 150 characters" : nil
        case .text:
            value is String ? nil : "must be a string"
        case .textOrNull:
            value is String || value is NSNull ? nil : "must be a string or null"
        case .amount:
            number(value).map { $0 >= 0 } == true ? nil : "must be a number of at least 0"
        case .amountOrNull:
            value is NSNull || number(value).map { $0 >= 0 } == true ? nil : "must be a number of at least 0, or null"
        case .positiveOrNull:
            value is NSNull || number(value).map { $0 > 0 } == true ? nil : "must be a number above 0, or null"
        case .oneOf(let choices):
            choices.contains { $0 == value as? String } ? nil : "must be one of \(choices.joined(separator: ", "))"
        }
    }

    /// The value as a number; `nil` for anything else. True and false are numbers whose Objective-C type is a char.
    private func number(_ value: Any) -> Double? {
        guard let number = value as? NSNumber, number.objCType.pointee != CChar(UInt8(ascii: "c")) else { return nil }
        return number.doubleValue
    }
}

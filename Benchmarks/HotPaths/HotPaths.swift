import Delivery
import Foundation
import JSONSchema
import JSONText
import Model

/// Does one of the things that happen to every record or drop, as often as it is told, for `scripts/hot-paths` to count
/// the instructions: `HotPaths CASE COUNT SCHEMA`.
@main
struct HotPaths {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[2]) else {
            print("usage: HotPaths write|parse|validate|canonical|throttle|order COUNT SCHEMA")
            exit(64)
        }
        switch arguments[1] {
        case "write": _ = Accounts.document(count: count)
        case "parse": _ = try document(count)
        case "validate": try validate(count, schemaFile: arguments[3])
        case "canonical": try canonicalize(count)
        case "throttle": decide(count)
        case "order": takeTurns(count)
        default:
            print("HotPaths: there is no \(arguments[1])")
            exit(64)
        }
    }

    /// Writing included.
    private static func document(_ count: Int) throws -> JSONDocument {
        try JSONDocument(parsing: Accounts.document(count: count))
    }

    /// Reading included.
    private static func validate(_ count: Int, schemaFile: String) throws {
        let text = try Data(contentsOf: URL(fileURLWithPath: schemaFile))
        let schema = try JSONSchema(compiling: JSONDocument(parsing: Array(text)))
        let document = try document(count)
        precondition(schema.validate(document.root).isValid, "the document is valid")
    }

    /// Reading included.
    private static func canonicalize(_ count: Int) throws {
        var bytes = 0
        try document(count).root.canonicalize { bytes += $0.count }
        precondition(bytes > count, "every record is written")
    }

    /// A request every 61 ms, answered after 305: as fast as the limit allows.
    private static func decide(_ count: Int) {
        var throttle = Throttle(limit: 1000)
        for number in 0..<Int64(count) {
            let now = Moment(sinceBoot: .milliseconds(61 * number))
            if number >= 5 { throttle.end(number - 5, at: now) }
            precondition(throttle.take(number, at: now) == .go, "there is a slot")
        }
    }

    /// Drops that come in, five at a time, and are decided in turn; every tenth is about the account of the one before.
    private static func takeTurns(_ count: Int) {
        var order = DropOrder()
        let names = (0..<count).map { DropID(text: "drop-\($0)") }
        for number in 0..<count {
            let account = UInt64(number % 10 == 9 ? number - 1 : number)
            order.enlist(
                DropOrder.Place(
                    drop: names[number], inbox: "erp", arrival: Int64(number), rule: .key, kind: .account,
                    keys: IdentityKeys([account])))
            guard number >= 5 else { continue }
            precondition(order.take(names[number - 5]), "its turn has come")
            _ = order.conclude(names[number - 5], settlesAt: nil)
        }
    }
}

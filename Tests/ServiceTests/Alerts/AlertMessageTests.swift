import Foundation
import JSONSchema
import JSONText
import Model
import SluiceConfiguration
import Testing

@testable import Service

@Suite struct AlertMessageTests {
    private static func message(_ change: AlertChange) -> AlertMessage {
        AlertMessage(
            change, at: Timestamp(milliseconds: 1_800_000_000_000), host: "sluice.example",
            configuration: "/etc/sluice/sluice.yaml")
    }

    private static func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }

    static func schema() throws -> JSONSchema {
        let file = Stage.repository.appendingPathComponent("schemas/alert.schema.json")
        return try JSONSchema(compiling: JSONDocument(parsing: Array(Data(contentsOf: file))))
    }

    private static let details: [String?] = [nil, "why.", "5 within 5m", "\u{202e}<@U1> & \"x\"\n\u{1b}[31m"]

    @Test(arguments: Configuration.Alert.Event.allCases, details) func everyMessageFitsItsSchema(
        event: Configuration.Alert.Event, detail: String?
    ) throws {
        let schema = try Self.schema()
        for (phase, inbox) in [(AlertChange.Phase.begins, String?.none), (.begins, "erp"), (.ends, "erp")] {
            let change = AlertChange(
                event, phase, subject: inbox, inbox: inbox, detail: detail, count: 7, since: Self.moment(3),
                at: Self.moment(90))
            let json = Self.message(change).json
            #expect(!json.contains("\n") && !json.contains("\u{1b}") && !json.contains("\u{202e}"))
            let document = try JSONDocument(parsing: Array(json.utf8))
            let report = schema.validate(document.root)
            #expect(report.isValid, "\(json): \(report.errors.map { "\($0.pointer) \($0.message)" })")
            #expect(document.root["inbox"]?.string == inbox)
            #expect(document.root["since"]?.string == "2027-01-15T07:58:33.000Z")
            #expect(document.root["message"]?.string?.isEmpty == false)
        }
    }

    @Test func aChatIsShownWordsAndNoLinks() throws {
        let change = AlertChange(
            .inboxUnavailable, .begins, subject: "<!channel>", inbox: "<!channel>", detail: "a & b",
            since: Self.moment(0))
        let json = try JSONDocument(parsing: Array(Self.message(change).json.utf8)).root
        #expect(
            json["text"]?.string
                == "Sluice on sluice.example: inboxUnavailable has begun. The inbox &lt;!channel&gt; cannot be used: "
                + "a &amp; b. Give the folder back, with the owner and mode that it needs. Sluice goes on by itself.")
        #expect(json["message"]?.string == "The inbox <!channel> cannot be used: a & b.")
        #expect(json["key"]?.string == "inboxUnavailable/<!channel>")
    }

    @Test(arguments: [(45, "45 s"), (119, "119 s"), (720, "12 min"), (7200, "2 h"), (400_000, "4 d")])
    func anEndSaysHowLongItWas(seconds: Int, words: String) throws {
        let change = AlertChange(.outage, .ends, count: 3, since: Self.moment(10), at: Self.moment(10 + seconds))
        let json = try JSONDocument(parsing: Array(Self.message(change).json.utf8)).root
        #expect(
            json["text"]?.string
                == "Sluice on sluice.example: outage is over after \(words). The API answers again. Submission goes on."
        )
        #expect(json["action"]?.string == "")
    }

    @Test func theExampleInTheDocumentationIsOne() throws {
        let page = try String(
            contentsOf: Stage.repository.appendingPathComponent("docs/alerts.md"), encoding: .utf8)
        let example = try #require(page.split(separator: "\n").first { $0.hasPrefix("{\"text\"") })
        let change = AlertChange(
            .outage, .ends, since: Self.moment(0), at: Moment(sinceBoot: .milliseconds(724_120)))
        let end = try #require(Timestamp(rfc3339: "2026-11-27T03:12:04.120Z"))
        let message = AlertMessage(change, at: end, host: "erp1", configuration: "/etc/sluice/sluice.yaml")
        #expect(message.json == example)
    }

    /// A pipe takes it before anybody reads.
    @Test func aLongStoryIsCutShort() {
        let change = AlertChange(.ledgerUnwritable, .begins, detail: String(repeating: "\u{1b}", count: 100_000))
        #expect(Self.message(change).json.utf8.count < 65_536)
        #expect(Self.message(change).message.hasSuffix("…"))
    }
}

import Crypto
import Documents
import Foundation
import JSONSchema
import JSONText
import Model

/// Megabytes a second of what happens to a document, for `scripts/bench documents`.
///
/// `DocumentBenchmark make FILE` writes a document of 29 MB with accounts; `DocumentBenchmark FILE SCHEMA XSD` prints a
/// line for each step, the median of its rounds. The last lines are about all that happens to a drop between reading and
/// sending: of the document as it is, of the same read in windows, and of the same accounts as XML.
@main
struct DocumentBenchmark {
    private static let rounds = 5

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "make", let file = arguments.dropFirst().first {
            try Data(Accounts.document(bytes: 29_000_000)).write(to: URL(fileURLWithPath: file))
            return
        }
        guard arguments.count == 3, let file = arguments.first, let xsdFile = arguments.last else {
            print("usage: DocumentBenchmark make FILE | DocumentBenchmark FILE SCHEMA XSD")
            exit(64)
        }
        let schemaFile = arguments[arguments.startIndex + 1]
        let text = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        let schema = try JSONSchema(
            compiling: JSONDocument(parsing: Array(Data(contentsOf: URL(fileURLWithPath: schemaFile)))))
        let document = try JSONDocument(parsing: text)
        try measure("parse", text.count) { _ = try JSONDocument(parsing: text) }
        measure("validate", text.count) { check(schema.validate(document.root).isValid) }
        try measure("parse+validate", text.count) {
            check(schema.validate(try JSONDocument(parsing: text).root).isValid)
        }
        measure("canonical+sha256", text.count) {
            var hash = SHA256()
            document.root.canonicalize { hash.update(bufferPointer: $0) }
            _ = hash.finalize()
        }
        let xsd = try XMLSchema(compiling: Array(Data(contentsOf: URL(fileURLWithPath: xsdFile))))
        try measureJudging(text, schema, xsd)
    }

    private static func measureJudging(_ text: [UInt8], _ schema: JSONSchema, _ xsd: XMLSchema) throws {
        let schemas = Dictionary(uniqueKeysWithValues: Kind.documents.map { ($0, schema) })
        let judge = DocumentJudge(rules: DocumentRules(kind: .account, schemas: schemas))
        let origin = DocumentOrigin(inbox: "erp", name: FileName("accounts"), day: "2026-11-24")
        measure("judge", text.count) { check(judge.judge(text, form: .json, origin: origin)) }
        let source = DocumentSource(size: text.count) { Array(text[$0]) }
        try measure("judge-in-windows", text.count) { check(try judge.judge(source, origin: origin)) }
        let xml = try accountsXML(JSONDocument(parsing: text))
        measure("judge-XML", xml.count) { check(judge.judge(xml, form: .xml, origin: origin)) }
        let strict = DocumentJudge(
            rules: DocumentRules(kind: .account, schemas: schemas, xmlSchemas: [.account: xsd]))
        measure("judge-XML-with-XSD", xml.count) { check(strict.judge(xml, form: .xml, origin: origin)) }
    }

    /// The same accounts as XML, about as large.
    private static func accountsXML(_ document: JSONDocument) -> [UInt8] {
        var xml = "<accounts>"
        guard let accounts = document.root["accounts"] else { preconditionFailure("the document has accounts") }
        for record in accounts.elements {
            xml += "<account>"
            for member in record.members where !member.value.isNull {
                let name = member.key.string
                let text = member.value.string ?? member.value.number?.description ?? ""
                xml += "<\(name)>\(text)</\(name)>"
            }
            xml += "</account>\n"
        }
        return Array((xml + "</accounts>").utf8)
    }

    private static func check(_ judgement: Judgement) {
        guard case .document = judgement else { preconditionFailure("the document of the benchmark fits") }
    }

    private static func check(_ fact: Bool) {
        precondition(fact, "the document of the benchmark is valid")
    }

    private static func measure(_ name: String, _ bytes: Int, _ body: () throws -> Void) rethrows {
        var times: [Double] = []
        for _ in 0..<rounds {
            let started = ContinuousClock.now
            try body()
            let (seconds, attoseconds) = (ContinuousClock.now - started).components
            times.append(Double(seconds) + Double(attoseconds) / 1e18)
        }
        let median = times.sorted()[rounds / 2]
        print("\(name) \(Int(Double(bytes) / median / 1e6))")
    }
}

import Documents
import Foundation
import JSONSchema
import JSONText
import Model

/// The judge with the shipped schemas, and words to ask it with.
struct Judging {
    static let schemasFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("schemas")

    /// A file of the schemas' folder.
    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: schemasFolder.appendingPathComponent(name)))
    }

    static let schemas: [Kind: JSONSchema] = {
        var schemas: [Kind: JSONSchema] = [:]
        for kind in Kind.documents {
            do {
                let file = schemasFolder.appendingPathComponent("\(kind.rawValue).schema.json")
                schemas[kind] = try JSONSchema(compiling: JSONDocument(parsing: Array(Data(contentsOf: file))))
            } catch {
                fatalError("\(kind): \(error)")
            }
        }
        return schemas
    }()

    static let xmlSchemas: [Kind: XMLSchema] = {
        var schemas: [Kind: XMLSchema] = [:]
        for kind in Kind.documents {
            do {
                let file = schemasFolder.appendingPathComponent("\(kind.rawValue).xsd")
                schemas[kind] = try XMLSchema(compiling: Array(Data(contentsOf: file)))
            } catch {
                fatalError("\(kind): \(error)")
            }
        }
        return schemas
    }()

    /// The judge of a test's inbox.
    static func judge(
        kind: Kind? = nil, fields: FieldMapping = FieldMapping(), schema: String? = nil, usesXSD: Bool = true,
        bodyBytes: Int = 30_000_000, bodyRecords: Int? = nil, sameness: DocumentRules.Sameness = .content,
        ownReference: DocumentRules.OwnReference = .keep
    ) throws -> DocumentJudge {
        var schemas = schemas
        if let schema {
            let own = try JSONSchema(compiling: JSONDocument(parsing: Array(schema.utf8)))
            for kind in Kind.documents { schemas[kind] = own }
        }
        return DocumentJudge(
            rules: DocumentRules(
                kind: kind, sameness: sameness, ownReference: ownReference, schemas: schemas,
                xmlSchemas: usesXSD && schema == nil ? xmlSchemas : [:], fields: fields, bodyBytes: bodyBytes,
                bodyRecords: bodyRecords))
    }

    static let origin = DocumentOrigin(inbox: "erp", name: FileName("orders"), day: "2026-11-24")
}

extension DocumentJudge {
    func xml(_ text: String) -> Judgement { judge(Array(text.utf8), form: .xml, origin: Judging.origin) }
    func json(_ text: String) -> Judgement { judge(Array(text.utf8), form: .json, origin: Judging.origin) }
}

extension Judgement {
    var document: JudgedDocument? {
        if case .document(let document) = self { document } else { nil }
    }

    /// The problem of a document that fails, or would fail if nothing more came.
    var problem: Problem? {
        switch self {
        case .document: nil
        case .problem(_, let problem), .unfinished(let problem): problem
        }
    }

    var isUnfinished: Bool {
        if case .unfinished = self { true } else { false }
    }

    /// The array of the one body, as text.
    var array: String? {
        guard let document, document.parts == 1, let bytes = try? document.body(part: 1, reference: "R") else {
            return nil
        }
        let body = String(decoding: bytes, as: UTF8.self)
        guard let start = body.firstIndex(of: "[") else { return nil }
        return String(body[start...].dropLast())
    }
}

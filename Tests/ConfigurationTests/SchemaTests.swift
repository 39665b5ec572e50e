import Foundation
import Testing

@testable import SluiceConfiguration

/// The JSON Schema for editors and the reader must not drift apart.
@Suite struct SchemaTests {
    private let root: [String: Any]

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../schemas").standardized
        let data = try Data(contentsOf: folder.appending(path: "config.schema.json"))
        root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test(arguments: Shape.allCases)
    func schemaAndReaderKnowTheSameKeys(shape: Shape) throws {
        for schema in try schemas(of: shape) {
            let properties = try #require(schema["properties"] as? [String: Any])
            #expect(Set(properties.keys) == Set(shape.keys))
            #expect(schema["additionalProperties"] as? Bool == false)
        }
    }

    @Test func theSchemaHasNoMappingThatTheReaderDoesNotKnow() {
        #expect(count(of: "properties", in: root) == Shape.allCases.count)
    }

    @Test func everyKeyIsDescribed() throws {
        for shape in Shape.allCases {
            for schema in try schemas(of: shape) {
                for (key, value) in try #require(schema["properties"] as? [String: [String: Any]]) {
                    #expect((value["description"] as? String)?.isEmpty == false, "\(shape.rawValue).\(key)")
                }
            }
        }
    }

    @Test(arguments: [
        ("api.confirm", Configuration.Confirm.allCases.map(\.rawValue)),
        ("log.level", Configuration.Log.Level.allCases.map(\.rawValue)),
        ("log.format", Configuration.Log.Format.allCases.map(\.rawValue)),
        ("batching.mode", Configuration.Batching.Mode.allCases.map(\.rawValue)),
        ("alerts[].on[]", Configuration.Alert.Event.allCases.map(\.rawValue)),
        ("inboxes[].kind", Configuration.Inbox.Kind.allCases.map(\.rawValue)),
        ("inboxes[].filing", Configuration.Inbox.Filing.allCases.map(\.rawValue)),
        ("inboxes[].watch", Configuration.Inbox.Watch.allCases.map(\.rawValue)),
        ("inboxes[].sort", Configuration.Inbox.Sort.allCases.map(\.rawValue)),
        ("inboxes[].ordering", Configuration.Inbox.Ordering.allCases.map(\.rawValue)),
        ("inboxes[].reference", Configuration.Inbox.Reference.allCases.map(\.rawValue)),
        ("inboxes[].ownReference", Configuration.Inbox.OwnReference.allCases.map(\.rawValue)),
        ("inboxes[].results", Configuration.Inbox.Results.allCases.map(\.rawValue)),
    ])
    func schemaAndReaderKnowTheSameWords(path: String, words: [String]) throws {
        #expect(try schema(at: path)["enum"] as? [String] == words)
    }

    private func schemas(of shape: Shape) throws -> [[String: Any]] {
        switch shape {
        case .file: [root]
        case .secret: try ["api.clientSecret", "admin.token"].map(schema(at:))
        case .endpoint: try Shape.endpoints.keys.map { try schema(at: "api.endpoints.\($0)") }
        default: [try schema(at: shape.rawValue)]
        }
    }

    /// Follows a key path through properties, items and references.
    private func schema(at path: String) throws -> [String: Any] {
        try path.split(separator: ".").reduce(root) { schema, step in
            let key = String(step.replacing("[]", with: ""))
            let properties = try #require(schema["properties"] as? [String: [String: Any]])
            var next = try #require(properties[key], "\(path)")
            if step.hasSuffix("[]") { next = try #require(next["items"] as? [String: Any]) }
            guard let reference = next["$ref"] as? String else { return next }
            let definitions = try #require(root["$defs"] as? [String: [String: Any]])
            return try #require(definitions[String(reference.split(separator: "/").last ?? "")])
        }
    }

    private func count(of key: String, in value: Any) -> Int {
        switch value {
        case let object as [String: Any]:
            object.reduce(0) {
                $0 + ($1.key == key && $1.value is [String: [String: Any]] ? 1 : 0) + count(of: key, in: $1.value)
            }
        case let array as [Any]: array.reduce(0) { $0 + count(of: key, in: $1) }
        default: 0
        }
    }
}

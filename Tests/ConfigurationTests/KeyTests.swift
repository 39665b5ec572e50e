import Testing

@testable import SluiceConfiguration

/// Each mapping of the file, written so that a line of ours can be put into it.
private func document(_ shape: Shape, with line: String) -> String {
    let deep = "      \(line)"
    return switch shape {
    case .file: minimal(line)
    case .api: minimal(api: [line])
    case .endpoints: minimal(api: ["endpoints:", "  \(line)"])
    case .endpoint: minimal(api: ["endpoints:", "  payment:", "    \(line)"])
    case .status: minimal(api: ["status:", "  \(line)"])
    case .limits, .retry, .breaker, .batching, .log: minimal("\(shape.rawValue):\n  \(line)")
    case .admin: minimal("admin:\n  \(line)")
    case .alert: minimal("alerts:\n  - \(line)")
    case .thresholds: minimal("alerts:\n  - command: [tell]\n    thresholds:\n\(deep)")
    case .inbox: minimal(inbox: [line])
    case .schema, .attachments, .expect, .retention:
        minimal(inbox: ["\(shape.rawValue.split(separator: ".")[1]):", "  \(line)"])
    case .secret: minimal("admin:\n  token:\n    \(line)")
    }
}

/// The key path of a key in `document`.
private func keyPath(_ shape: Shape, _ key: String) -> String {
    let mapping =
        shape == .secret
        ? "admin.token" : shape.rawValue.replacing("[]", with: "[0]").replacing("*", with: "payment")
    return mapping.isEmpty ? key : "\(mapping).\(key)"
}

private struct Key: CustomTestStringConvertible {
    let shape: Shape
    let name: String
    var testDescription: String { keyPath(shape, name) }

    static let all = Shape.allCases.flatMap { shape in shape.keys.map { Key(shape: shape, name: $0) } }
    /// The keys that `minimal` sets already, by the line that does.
    static let set = [
        "api": "api:", "inboxes": "inboxes:", "api.url": "  url: https://api.example.com/sync",
        "api.tokenURL": "  tokenURL: https://auth.example.com/token", "api.clientID": "  clientID: sluice",
        "api.audience": "  audience: https://api.example.com",
        "api.clientSecret": "  clientSecret: {env: SLUICE_SECRET}", "inboxes[0].name": "name: erp",
        "inboxes[0].path": "path: /srv/erp/inbox",
    ]

    /// A file in which this key has `value`.
    func document(value: String) -> String {
        let path = keyPath(shape, name)
        switch path {
        case "api": return "api: \(value)\ninboxes: [{name: erp, path: /srv/erp/inbox}]\n"
        case "inboxes": return minimal().split(separator: "inboxes:")[0] + "inboxes: \(value)\n"
        default: break
        }
        if let line = Self.set[path] {
            return minimal().replacing(line, with: "\(line.prefix { $0 != ":" }): \(value)")
        }
        return ConfigurationTests.document(shape, with: "\(name): \(value)")
    }
}

@Suite struct KeyTests {
    @Test(arguments: Shape.allCases)
    func anUnknownKeyIsAnErrorInEveryMapping(shape: Shape) {
        let found = complaints(document(shape, with: "nonsense: 1"))
        let expected =
            shape == .secret ? "admin.token: has a key that is not" : "\(keyPath(shape, "nonsense")): unknown key"
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }

    @Test(arguments: Key.all)
    fileprivate func aListOfListsIsTheWrongTypeForEveryKey(key: Key) {
        expectComplaint(about: key, value: "[[a]]")
    }

    @Test(arguments: Key.all)
    fileprivate func aMappingIsTheWrongTypeForEveryKey(key: Key) {
        expectComplaint(about: key, value: key.name == "mapping" || key.name == "set" ? "{a: {b: c}}" : "{zzz: 1}")
    }

    @Test(arguments: Key.all.filter { !($0.shape == .inbox && $0.name == "set") })
    fileprivate func noValueIsTheWrongTypeForEveryKey(key: Key) {
        expectComplaint(about: key, value: "")
    }

    private func expectComplaint(about key: Key, value: String) {
        let path = keyPath(key.shape, key.name)
        let found = complaints(key.document(value: value))
        #expect(found.contains { $0.contains(": \(path)") }, "\(path): \(found)")
    }

    @Test(arguments: [
        ("limits", "inFligth: 8", "limits.inFligth: unknown key; did you mean inFlight?"),
        ("limits", "jsonbytes: 8MB", "limits.jsonbytes: unknown key; did you mean jsonBytes?"),
        ("retry", "attempt: 8", "retry.attempt: unknown key; did you mean attempts?"),
        ("breaker", "threshold: 8", "breaker.threshold: unknown key; known here: failures, probe"),
    ])
    func aMisspelledKeyIsToldWhatWasMeant(section: String, line: String, message: String) {
        #expect(
            complaints(minimal("\(section):\n  \(line)\n"))
                == ["sluice.yaml:\(sectionLine + 1):3: \(message)"])
    }

    @Test func aMergeKeyIsExplained() {
        #expect(
            complaints(minimal("retry: &r {attempts: 2}\nbreaker:\n  <<: *r\n")) == [
                "sluice.yaml:12:3: breaker.<<: merge keys are not read; give the whole value an anchor and an alias"
            ])
    }

    @Test func everyKeyOfAnAliasCounts() throws {
        let yaml = minimal(
            inbox: ["retention: &keep {done: 90d}"], "  - {name: b, path: /srv/b/in, retention: *keep}\n")
        #expect(try parse(yaml).inboxes.map(\.retention.done) == [.seconds(90 * 86_400), .seconds(90 * 86_400)])
    }
}

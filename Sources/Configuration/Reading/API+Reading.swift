import SystemPackage

extension Configuration.API {
    /// Notes what is missing; what it fills in then is never used.
    init(_ field: Field?) {
        let section = field.flatMap { Section($0, .api) }
        let nothing = SecretSource.literal("")
        self.init(
            url: section?.required("url")?.endpointURL(carrying: "the token and the documents", query: false) ?? "",
            tokenURL: section?.required("tokenURL")?.endpointURL(carrying: "the client secret", query: true) ?? "",
            audience: section?.required("audience")?.text() ?? "",
            clientID: section?.required("clientID")?.secretSource(literal: true) ?? nothing,
            clientSecret: section?.required("clientSecret")?.secretSource(literal: false) ?? nothing,
            ca: section?["ca"]?.filePath())
        guard let section else { return }
        section.read("timeout", into: &timeout) { $0.duration(atLeast: .milliseconds(1), atMost: .seconds(3600)) }
        section.read("confirm", into: &confirm) { $0.choice() }
        section.read("orderWait", into: &orderWait) { $0.duration(atLeast: .zero) }
        if let found = section["endpoints"].flatMap({ Section($0, .endpoints) }) {
            for kind in Configuration.EndpointKind.allCases {
                found[kind.rawValue].flatMap { Section($0, .endpoint) }.map { endpoints[kind]?.read($0) }
            }
        }
        section["status"].flatMap { Section($0, .status) }.map { status.read($0) }
    }
}

extension Configuration.Endpoint {
    fileprivate mutating func read(_ section: Section) {
        section.read("method", into: &method) { $0.choice() }
        section.read("path", into: &path) { field in
            guard let text = field.text() else { return nil }
            guard text.wholeMatch(of: /\/[A-Za-z0-9\-._~!$&'()*+,;=:@\/%]*/) != nil else {
                field.problem("\(field.quoted) is not a path; write /v1/account, without host, query or spaces")
                return nil
            }
            return text
        }
    }
}

extension Configuration.StatusReading {
    fileprivate mutating func read(_ section: Section) {
        section.read("field", into: &field) { $0.text() }
        section.read("pending", into: &pending) { $0.texts(of: "status words") }
        section.read("completed", into: &completed) { $0.texts(of: "status words") }
        section.read("records", into: &records) { $0.text() }
        section.read("refused", into: &refused) { $0.texts(of: "status words") }
        let meanings = [("pending", pending), ("completed", completed), ("refused", refused)]
        for (index, (key, words)) in meanings.enumerated() {
            for (other, otherWords) in meanings[..<index] {
                for word in words where otherWords.contains(word) {
                    let field = section[key] ?? section[other] ?? section.field
                    field.problem("\"\(word)\" cannot be both \(other) and \(key)")
                }
            }
        }
    }
}

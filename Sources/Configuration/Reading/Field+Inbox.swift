import Yams

extension Field {
    /// The name of an inbox, which is shown in logs and results and stands in references.
    func inboxName() -> String? {
        guard let text = text() else { return nil }
        guard text.utf8.count <= 64, !text.contains("/"), text == text.trimming(\.isWhitespace) else {
            problem("\(quoted) is not possible; write at most 64 bytes without slashes or spaces at the ends")
            return nil
        }
        return text
    }

    /// `none`, which is the inner `nil`, or the name of a drop's marker.
    func markerName() -> String?? {
        guard let text = text() else { return nil }
        if text == "none" { return .some(nil) }
        guard text.ranges(of: "{name}").count == 1, text != "{name}", !text.contains("/"),
            !text.replacing("{name}", with: "").contains(where: { "{}".contains($0) })
        else {
            problem(
                "\(quoted) is not a marker's name; write none, or {name} with something around it: \"{name}.ready\"")
            return nil
        }
        return text
    }

    /// `never`, which is the inner `nil`, or a duration.
    func durationOrNever() -> Duration?? {
        if says("never") { return .some(nil) }
        guard let scalar = scalar(expected: "a duration or never") else { return nil }
        guard Duration(text: scalar.string) != nil else {
            problem("\(quoted) is not a duration; write 12h, 90d or never")
            return nil
        }
        return duration(atLeast: .seconds(1)).map { .some($0) }
    }

    func timeOfDay() -> Configuration.Inbox.Expectation? {
        guard let text = text() else { return nil }
        guard let match = text.wholeMatch(of: /([0-9]{2}):([0-9]{2})/), let hour = Int(match.1), hour < 24,
            let minute = Int(match.2), minute < 60
        else {
            problem("\(quoted) is not a time of day; write \"07:00\"")
            return nil
        }
        return .init(hour: hour, minute: minute)
    }

    /// The sender's names of fields to the schema's.
    func fieldNames() -> [String: String]? {
        guard let entries = entries(expected: "a mapping of the sender's field names to the schema's") else {
            return nil
        }
        var names: [String: String] = [:]
        for (key, field) in entries {
            guard let target = field.text() else { continue }
            if key.isEmpty { field.problem("a field's name cannot be empty") }
            if let other = names.first(where: { $0.value == target && $0.key != key })?.key {
                field.problem("\"\(target)\" is already what \(other) becomes")
            }
            names[key] = target
        }
        return names
    }

    /// Constants with the types that JSON would give them: quoted is always a text, and so is everything that is not a
    /// JSON number, `true`, `false` or `null`.
    func constants() -> [String: Configuration.Inbox.Constant]? {
        guard let entries = entries(expected: "a mapping of field names to constants") else { return nil }
        var constants: [String: Configuration.Inbox.Constant] = [:]
        for (key, field) in entries {
            guard case .scalar(let scalar) = field.node else {
                field.problem("is a \(field.node.sequence == nil ? "mapping" : "list"); a constant is expected")
                continue
            }
            if key.isEmpty { field.problem("a field's name cannot be empty") }
            constants[key] = Configuration.Inbox.Constant(scalar)
        }
        return constants
    }
}

extension Configuration.Inbox.Constant {
    fileprivate init(_ scalar: Node.Scalar) {
        let isNumber = scalar.string.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?/) != nil
        switch (scalar.style, scalar.string) {
        case (.plain, "true"): self = .bool(true)
        case (.plain, "false"): self = .bool(false)
        case (.plain, _) where scalar.isNull: self = .null
        case (.plain, let text) where isNumber: self = .number(text)
        case (_, let text): self = .string(text)
        }
    }
}

extension Field {
    /// Extensions in lower case; an empty list takes no attachments.
    func attachmentTypes() -> [String]? {
        var types: [String] = []
        return list(of: "file name extensions") { element -> String? in
            guard let text = element.text() else { return nil }
            let type = text.lowercased()
            guard type.wholeMatch(of: /[a-z0-9]+/) != nil else {
                element.problem("\(element.quoted) is not an extension; write letters and digits without a dot: pdf")
                return nil
            }
            guard type != "json", type != "xml" else {
                element.problem("\(element.quoted) is a document and cannot be an attachment")
                return nil
            }
            if types.contains(type) { element.problem("\(element.quoted) is in the list twice") }
            types.append(type)
            return type
        }
    }

    /// A template that can be read backwards: every field once, and something between two fields.
    func attachmentName() -> String? {
        guard let text = text() else { return nil }
        let known = ["brand", "portfolio", "clientReferenceId"]
        let fields = text.matches(of: /\{([^{}]*)\}/).map { String($0.1) }
        for field in fields where !known.contains(field) {
            let hint = field.nearest(among: known).map { "; did you mean {\($0)}?" } ?? ""
            problem("{\(field)} is not {brand}, {portfolio} or {clientReferenceId}\(hint)")
            return nil
        }
        if text.replacing(/\{[^{}]*\}/, with: "").contains(where: { "{}/".contains($0) }) {
            problem("\(quoted) has a brace without its partner or a slash")
        } else if !fields.contains("clientReferenceId") {
            problem("\(quoted) needs {clientReferenceId}")
        } else if Set(fields).count < fields.count {
            problem("\(quoted) has a field twice")
        } else if text.contains("}{") {
            problem("\(quoted) needs a separator between its fields: {brand}-{clientReferenceId}")
        } else {
            return text
        }
        return nil
    }
}

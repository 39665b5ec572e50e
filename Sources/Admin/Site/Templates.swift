import Mustache

/// The pages' templates, read once.
struct Templates: Sendable {
    private let library: MustacheLibrary

    /// - Throws: where a template is wrong.
    init() throws {
        MustacheContentTypes.register(SafeText(), named: SafeText.name)
        var library = MustacheLibrary()
        for (name, text) in Templates.texts {
            // A partial starts anew with the library's own escaping, so each template says it.
            let pragma = "{{% CONTENT_TYPE:\(SafeText.name)}}"
            try library.register(pragma + String(decoding: text, as: UTF8.self), named: name)
        }
        self.library = library
    }

    static let texts: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache, "overview": PackageResources.overview_mustache,
        "failed": PackageResources.failed_mustache, "drops": PackageResources.drops_mustache,
        "story": PackageResources.story_mustache, "login": PackageResources.login_mustache,
        "message": PackageResources.message_mustache, "problem": PackageResources.problem_mustache,
        "chart": PackageResources.chart_mustache,
    ]

    func render(_ name: String, _ page: some Sendable) -> String {
        guard let text = library.render(page, withTemplate: name) else { preconditionFailure("no template \(name)") }
        return text
    }
}

/// Text in HTML, between tags and in quoted attributes.
///
/// The library's own escaping goes by Characters, and a quote with a combining mark behind it is another Character than
/// a quote: a browser goes by scalars.
struct SafeText: MustacheContentType {
    static let name = "SLUICE"

    func escapeText(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": safe.append(contentsOf: "&amp;".unicodeScalars)
            case "<": safe.append(contentsOf: "&lt;".unicodeScalars)
            case ">": safe.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": safe.append(contentsOf: "&quot;".unicodeScalars)
            case "'": safe.append(contentsOf: "&#39;".unicodeScalars)
            case "`": safe.append(contentsOf: "&#96;".unicodeScalars)
            case "\n", "\t": safe.append(scalar)
            case _ where scalar.isHarmful:
                safe.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            default: safe.append(scalar)
            }
        }
        return String(safe)
    }
}

extension Unicode.Scalar {
    /// Control characters, and what turns the direction of the text around it.
    fileprivate var isHarmful: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}

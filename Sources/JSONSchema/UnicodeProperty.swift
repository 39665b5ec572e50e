/// Unicode properties of `\p{…}`: ECMA-262 knows long names, PCRE2 only short ones for general categories.
enum UnicodeProperty {
    static func name(inPCRE2 name: String) throws(ECMAPattern.Refusal) -> String {
        let parts = name.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNamePart) }) else {
            throw ECMAPattern.Refusal(reason: "\(name) is no Unicode property")
        }
        switch (parts.first, parts.count) {
        case (_?, 1): return category(name) ?? name
        case ("General_Category", 2), ("gc", 2):
            guard let category = category(String(parts[1])) else { break }
            return category
        case ("Script", 2), ("sc", 2): return "sc:" + parts[1]
        case ("Script_Extensions", 2), ("scx", 2): return "scx:" + parts[1]
        default: break
        }
        throw ECMAPattern.Refusal(reason: "\(name) is no Unicode property that PCRE2 knows")
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static func category(_ name: String) -> String? {
        categories[name] ?? (categories.values.contains(name) ? name : nil)
    }

    /// Unicode, PropertyValueAliases.txt, `gc`.
    private static let categories: [String: String] = [
        "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Unassigned": "Cn", "Private_Use": "Co",
        "Surrogate": "Cs", "Letter": "L", "Cased_Letter": "L&", "LC": "L&", "Lowercase_Letter": "Ll",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Titlecase_Letter": "Lt", "Uppercase_Letter": "Lu", "Mark": "M",
        "Combining_Mark": "M", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Nonspacing_Mark": "Mn", "Number": "N",
        "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P",
        "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Close_Punctuation": "Pe",
        "Final_Punctuation": "Pf", "Initial_Punctuation": "Pi", "Other_Punctuation": "Po", "Open_Punctuation": "Ps",
        "Symbol": "S", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Math_Symbol": "Sm", "Other_Symbol": "So",
        "Separator": "Z", "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Space_Separator": "Zs",
    ]
}

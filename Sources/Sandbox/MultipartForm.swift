import Foundation

/// A `multipart/form-data` body (RFC 7578), taken apart.
struct MultipartForm: Sendable {
    struct File: Sendable {
        var name: String
        var bytes: Data
    }

    /// A body that is no form, or is not whole.
    struct Malformed: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// The text fields, by name.
    private(set) var fields: [String: String] = [:]
    /// The files, by the name of their field.
    private(set) var files: [String: File] = [:]

    init(_ body: Data, boundary: String) throws(Malformed) {
        let delimiter = Data("--\(boundary)".utf8)
        guard var mark = body.range(of: delimiter) else { throw Malformed("the boundary does not occur") }
        let separator = Data("\r\n--\(boundary)".utf8)
        while true {
            let rest = body[mark.upperBound...]
            if rest.starts(with: Data("--".utf8)) { return }
            guard rest.starts(with: Data("\r\n".utf8)) else { throw Malformed("a boundary's line does not end") }
            // The part's own first line break may belong to the separator of an empty part.
            guard let end = body.range(of: separator, in: mark.upperBound..<body.endIndex) else {
                throw Malformed("the closing boundary is missing")
            }
            try add(part: body[min(mark.upperBound + 2, end.lowerBound)..<end.lowerBound])
            mark = end
        }
    }

    /// The boundary of a `Content-Type`; `nil` where it is no form or names none.
    static func boundary(of contentType: String) -> String? {
        let parts = pieces(of: contentType)
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        return parameter("boundary", in: parts.dropFirst())
    }

    private mutating func add(part: Data) throws(Malformed) {
        guard let blank = part.range(of: Data("\r\n\r\n".utf8)) else {
            throw Malformed("a part has no end of its headers")
        }
        let header = String(decoding: part[..<blank.lowerBound], as: UTF8.self)
        let disposition = header.components(separatedBy: "\r\n")
            .first { $0.lowercased().hasPrefix("content-disposition:") }
        let pieces = Self.pieces(of: disposition?.dropFirst("content-disposition:".count) ?? "")
        guard pieces.first?.lowercased() == "form-data", let name = Self.parameter("name", in: pieces.dropFirst())
        else {
            throw Malformed("a part has no form-data name")
        }
        guard fields[name] == nil, files[name] == nil else { throw Malformed("the field \(name) comes twice") }
        let content = part[blank.upperBound...]
        if let fileName = Self.parameter("filename", in: pieces.dropFirst()) {
            files[name] = File(name: fileName, bytes: content)
        } else {
            guard let text = String(data: content, encoding: .utf8) else {
                throw Malformed("the field \(name) is not UTF-8")
            }
            fields[name] = text
        }
    }

    /// A header's value and its parameters: a semicolon within quotes separates nothing.
    private static func pieces(of header: some StringProtocol) -> [String] {
        var pieces = [""]
        var isQuoted = false
        for scalar in header.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == ";", !isQuoted {
                pieces.append("")
            } else {
                pieces[pieces.count - 1].unicodeScalars.append(scalar)
            }
        }
        return pieces.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func parameter(_ name: String, in pieces: ArraySlice<String>) -> String? {
        // By scalars: a quote and a combining mark behind it are one Character.
        for piece in pieces.map(\.unicodeScalars) {
            let value = piece.dropFirst(name.unicodeScalars.count + 1)
            guard piece.count >= name.unicodeScalars.count + 1,
                String(piece[..<value.startIndex]).lowercased() == name + "="
            else { continue }
            let bare =
                value.count > 1 && value.first == "\"" && value.last == "\"" ? value.dropFirst().dropLast() : value
            return bare.isEmpty && name == "boundary" ? nil : String(bare)
        }
        return nil
    }
}

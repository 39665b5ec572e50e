/// A JSON text (RFC 8259) with its tree of values.
///
/// The tree is a flat array: 8 bytes for a scalar or a key, 16 for an array or an object. Values are not objects of
/// their own but cursors into it, and numbers and strings stay text until they are asked for.
///
/// ```swift
/// let document = try JSONDocument(parsing: Array(#"{"amount": 1.10}"#.utf8))
/// document.root["amount"]?.number?.description   // "1.1"
/// ```
public struct JSONDocument: Sendable {
    package let storage: JSONStorage

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: UTF-8, with or without a byte order mark, no duplicate keys, no lone surrogates.
    ///   - maximumDepth: how many arrays and objects may be open at once, from 1 to 1024.
    /// - Throws: what is wrong first, and where. Texts of 1 GiB and more, and numbers whose exponent has more than 18
    ///   digits, are refused (RFC 8259, section 9, leaves such limits to the reader).
    public init(parsing text: [UInt8], maximumDepth: Int = 256) throws(JSONSyntaxError) {
        let depth = min(max(maximumDepth, 1), 1024)
        let result: Result<UnsafeMutablePointer<UInt64>, JSONParser.Failure> = text.withUnsafeBufferPointer { bytes in
            var parser = JSONParser(bytes, maximumDepth: depth)
            do throws(JSONParser.Failure) {
                try parser.parse()
                return .success(parser.takeWords())
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let words): storage = JSONStorage(text: text, words: words)
        case .failure(let failure): throw JSONSyntaxError(failure.reason, offset: failure.offset, in: text)
        }
    }

    /// The text as it was given.
    public var text: [UInt8] { storage.text }

    /// The outermost value.
    public var root: JSONValue { JSONValue(storage: storage, node: 0) }

    /// Line and column of a byte of the text.
    ///
    /// The first call scans the text up to `offset` and keeps a mark every 64 KiB; later calls scan no more than that.
    public func position(ofByte offset: Int) -> JSONPosition { storage.position(ofByte: offset) }
}

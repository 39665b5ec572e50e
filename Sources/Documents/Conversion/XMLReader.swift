import CLibXML2
import JSONText
import Model

/// Reads an XML text with libxml2's SAX interface: no tree, no network, no DTD, no entity but the five of XML itself.
///
/// One is made for each document and stays on one thread.
final class XMLReader {
    /// What is read is handed over as it comes.
    protocol Handler: AnyObject {
        /// - Parameter offset: where the element's `<` stands.
        func start(_ element: XMLElement)
        func text(_ text: String)
        func end()
    }

    /// Elements are nested no deeper than this.
    static let maximumDepth = 256

    private let text: [UInt8]
    private let handler: any Handler
    private var context: xmlParserCtxtPtr?
    private var depth = 0
    private var failure: Failure?

    /// Why the reading ended early.
    private struct Failure {
        let code: Code
        let message: String
        let offset: Int
    }

    /// - Parameter text: UTF-8 without a byte order mark.
    init(_ text: [UInt8], handler: any Handler) {
        self.text = text
        self.handler = handler
        XMLLibrary.start()
    }

    /// Reads all of the text.
    ///
    /// - Returns: why it could not be read, `read.incomplete` where it ends too early; `nil`: it was read.
    func read(lines: LineStarts) -> Problem? {
        if let crowded = CrowdedTag.first(in: text) {
            let message = "the element has more than \(CrowdedTag.mostAttributes) attributes"
            return problem(Failure(code: .parseXML, message: message, offset: crowded), lines)
        }
        text.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self), !bytes.isEmpty,
                let context = xmlCreateMemoryParserCtxt(start, CInt(bytes.count))
            else {
                failure = Failure(code: .readIncomplete, message: "there is no element in it", offset: 0)
                return
            }
            self.context = context
            let options =
                CInt(XML_PARSE_NONET.rawValue) | CInt(XML_PARSE_HUGE.rawValue) | CInt(XML_PARSE_IGNORE_ENC.rawValue)
            xmlCtxtUseOptions(context, options)
            context.pointee.sax.pointee = XMLReader.makeCallbacks()
            context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
            xmlParseDocument(context)
            xmlFreeParserCtxt(context)
            self.context = nil
        }
        return failure.map { problem($0, lines) }
    }

    private func problem(_ failure: Failure, _ lines: LineStarts) -> Problem {
        let position = lines.position(ofByte: failure.offset)
        let finding = Finding(line: position.line, column: position.column, message: failure.message)
        let message =
            failure.code == .readIncomplete
            ? "The document ends too early: \(failure.message)"
            : "Line \(position.line), column \(position.column): \(failure.message)"
        return Problem(failure.code, message, findings: [finding])
    }

    /// How much of the text has been read.
    private var offset: Int {
        guard let input = context?.pointee.input else { return 0 }
        return min(text.count, Int(input.pointee.consumed) + (input.pointee.cur - input.pointee.base))
    }

    /// Where the tag begins that was just read: no other `<` stands in it.
    private var lastTag: Int {
        text.withUnsafeBufferPointer { $0[..<offset].lastIndex(of: UInt8(ascii: "<")) ?? 0 }
    }

    private func stop(_ code: Code, _ message: String, at offset: Int) {
        if failure == nil { failure = Failure(code: code, message: message, offset: offset) }
        xmlStopParser(context)
    }

    // MARK: What libxml2 calls

    private static func makeCallbacks() -> xmlSAXHandler {
        var sax = xmlSAXHandler()
        sax.initialized = UInt32(XML_SAX2_MAGIC)
        sax.startElementNs = { reader, name, _, space, _, _, count, _, attributes in
            XMLReader.of(reader).start(name, in: space, count: Int(count), attributes)
        }
        sax.endElementNs = { reader, _, _, _ in XMLReader.of(reader).end() }
        sax.characters = { reader, bytes, count in XMLReader.of(reader).characters(bytes, Int(count)) }
        sax.ignorableWhitespace = sax.characters
        sax.cdataBlock = sax.characters
        sax.internalSubset = { reader, _, _, _ in
            let reader = XMLReader.of(reader)
            reader.stop(.parseXML, "a document type declaration is not allowed", at: reader.lastTag)
        }
        sax.getEntity = { _, name in xmlGetPredefinedEntity(name) }
        sax.serror = { reader, error in
            guard let reader, let error else { return }
            XMLReader.of(reader).fail(error.pointee)
        }
        return sax
    }

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> XMLReader {
        guard let pointer else { preconditionFailure("libxml2 hands the reader back") }
        return Unmanaged<XMLReader>.fromOpaque(pointer).takeUnretainedValue()
    }

    private func start(
        _ name: UnsafePointer<xmlChar>?, in space: UnsafePointer<xmlChar>?, count: Int,
        _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        guard failure == nil, let name else { return }
        depth += 1
        let tag = lastTag
        if depth > XMLReader.maximumDepth {
            return stop(.parseXML, "elements are nested more than \(XMLReader.maximumDepth) deep", at: tag)
        }
        var element = XMLElement(name: String(cString: name), offset: tag)
        element.space = space.map { String(cString: $0) }
        for index in 0..<count {
            guard let attributes, let local = attributes[index * 5], let from = attributes[index * 5 + 3],
                let to = attributes[index * 5 + 4]
            else { continue }
            let bytes = UnsafeBufferPointer(start: from, count: to - from)
            let value = XMLReader.attributeValue(bytes)
            let name = String(cString: local)
            switch AttributeSpace(prefix: attributes[index * 5 + 1], uri: attributes[index * 5 + 2]) {
            case .schemaInstance: if name == "nil" { element.isNil = ["true", "1"].contains(value.trimmingSpaces) }
            case .xml: break
            case .other: element.attributes.append((name, value))
            }
        }
        handler.start(element)
    }

    /// libxml2 writes every `&` of an attribute as `&#38;`.
    private static func attributeValue(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes, as: UTF8.self).split(separator: "&#38;", omittingEmptySubsequences: false)
            .joined(separator: "&")
    }

    private func end() {
        depth -= 1
        if failure == nil { handler.end() }
    }

    private func characters(_ bytes: UnsafePointer<xmlChar>?, _ count: Int) {
        guard failure == nil, let bytes, depth > 0 else { return }
        handler.text(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
    }

    private func fail(_ error: xmlError) {
        // Namespaces do not count, so neither does a prefix that nothing declares.
        guard failure == nil, error.level.rawValue >= XML_ERR_ERROR.rawValue,
            error.domain != CInt(XML_FROM_NAMESPACE.rawValue)
        else { return }
        let said = error.message.map { String(cString: $0) } ?? "the document is not well-formed"
        let message = FileName.escaped(said.split(whereSeparator: \.isNewline).joined(separator: " ").utf8)
        // A closing tag that closes nothing is wrong however the text would go on.
        let isAtEnd = offset >= text.count && error.code != CInt(XML_ERR_TAG_NAME_MISMATCH.rawValue)
        stop(isAtEnd ? .readIncomplete : .parseXML, String(message.prefix(300)), at: offset)
    }
}

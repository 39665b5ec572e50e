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
        text.withUnsafeBufferPointer { buffer in
            let start = UnsafeRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
            guard let context = xmlCreateMemoryParserCtxt(start, CInt(buffer.count)) else {
                failure = Failure(code: .parseXML, message: "the document is empty", offset: 0)
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

    private func stop(_ code: Code, _ message: String, at offset: Int) {
        if failure == nil { failure = Failure(code: code, message: message, offset: offset) }
        xmlStopParser(context)
    }

    // MARK: What libxml2 calls

    private static func makeCallbacks() -> xmlSAXHandler {
        var sax = xmlSAXHandler()
        sax.initialized = UInt32(XML_SAX2_MAGIC)
        sax.startElementNs = { reader, name, _, _, _, _, count, _, attributes in
            XMLReader.of(reader).start(name, count: Int(count), attributes)
        }
        sax.endElementNs = { reader, _, _, _ in XMLReader.of(reader).end() }
        sax.characters = { reader, bytes, count in XMLReader.of(reader).characters(bytes, Int(count)) }
        sax.ignorableWhitespace = sax.characters
        sax.cdataBlock = sax.characters
        sax.internalSubset = { reader, _, _, _ in
            let reader = XMLReader.of(reader)
            reader.stop(.parseXML, "a document type declaration is not allowed", at: reader.offset)
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
        _ name: UnsafePointer<xmlChar>?, count: Int, _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        guard failure == nil, let name else { return }
        depth += 1
        // No `<` stands in a tag but the one that it begins with.
        let tag = text[..<offset].lastIndex(of: UInt8(ascii: "<")) ?? 0
        if depth > XMLReader.maximumDepth {
            return stop(.parseXML, "elements are nested more than \(XMLReader.maximumDepth) deep", at: tag)
        }
        var element = XMLElement(name: String(cString: name), offset: tag)
        for index in 0..<count {
            guard let attributes, let local = attributes[index * 5], let from = attributes[index * 5 + 3],
                let to = attributes[index * 5 + 4]
            else { continue }
            let value = String(decoding: UnsafeBufferPointer(start: from, count: to - from), as: UTF8.self)
            let space = attributes[index * 5 + 2].map { String(cString: $0) }
            if space == "http://www.w3.org/2001/XMLSchema-instance" {
                if String(cString: local) == "nil" { element.isNil = ["true", "1"].contains(value) }
            } else {
                element.attributes.append((String(cString: local), value))
            }
        }
        handler.start(element)
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
        guard failure == nil, error.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
        let said = error.message.map { String(cString: $0) } ?? "the document is not well-formed"
        let message = FileName.escaped(said.split(whereSeparator: \.isNewline).joined(separator: " ").utf8)
        let isAtEnd = offset >= text.count
        stop(isAtEnd ? .readIncomplete : .parseXML, String(message.prefix(300)), at: offset)
    }
}

/// libxml2's own set-up, once in a process (`xmlInitParser` is not thread-safe the first time).
enum XMLLibrary {
    private static let isStarted: Bool = {
        xmlInitParser()
        return true
    }()

    static func start() {
        precondition(isStarted)
    }
}

import CLibXML2
import JSONText
import Model

/// Reads an XML text with libxml2's SAX interface: no tree, no network, no DTD, no entity but the five of XML itself.
///
/// One is made for each document and stays on one thread.
final class XMLReader {
    /// What is read is handed over as it comes.
    protocol Handler: AnyObject {
        /// - Returns: why the document is refused here; `nil`: it is read on.
        func start(_ tag: XMLTag) -> String?
        /// The bytes are UTF-8, in as many pieces as it may be, and good only until this returns.
        func text(_ bytes: UnsafeBufferPointer<UInt8>)
        func end()
    }

    /// Elements are nested no deeper than this.
    static let maximumDepth = 256

    private let text: [UInt8]
    private let names: XMLNames
    private let handler: any Handler
    private var context: xmlParserCtxtPtr?
    private var depth = 0
    private var failure: Failure?
    /// How much of the text the parser was given.
    private var given = 0

    /// Why the reading ended early.
    private struct Failure {
        let code: Code
        let message: String
        let offset: Int
    }

    /// - Parameter text: UTF-8 without a byte order mark.
    init(_ text: [UInt8], _ names: XMLNames, handler: any Handler) {
        self.text = text
        self.names = names
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
        guard !text.isEmpty else {
            return problem(Failure(code: .readIncomplete, message: "there is no element in it", offset: 0), lines)
        }
        var sax = XMLReader.makeCallbacks()
        let reader = Unmanaged.passUnretained(self).toOpaque()
        // The parser fetches the text piece by piece, so that it has no copy of the whole.
        let context = xmlCreateIOParserCtxt(
            &sax, reader, { reader, piece, room in XMLReader.of(reader).give(piece, Int(room)) }, nil, reader,
            XML_CHAR_ENCODING_NONE)
        guard let context else { preconditionFailure("libxml2 has no memory for a parser") }
        self.context = context
        let options =
            CInt(XML_PARSE_NONET.rawValue) | CInt(XML_PARSE_HUGE.rawValue) | CInt(XML_PARSE_IGNORE_ENC.rawValue)
        xmlCtxtUseOptions(context, options)
        xmlParseDocument(context)
        xmlFreeParserCtxt(context)
        self.context = nil
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

    private func give(_ piece: UnsafeMutablePointer<CChar>?, _ room: Int) -> CInt {
        guard let piece else { return -1 }
        let count = min(room, text.count - given)
        text.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(start: piece, count: room)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[given..<(given + count)]))
        }
        given += count
        return CInt(count)
    }

    /// Where the tag begins that was just read: no other `<` stands in it.
    private var lastTag: Int {
        text.withUnsafeBufferPointer { bytes in
            var at = offset - 1
            while at > 0, bytes[at] != UInt8(ascii: "<") { at -= 1 }
            return max(0, at)
        }
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
        _ raw: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?
    ) {
        guard failure == nil, let name else { return }
        depth += 1
        let tag = lastTag
        if depth > XMLReader.maximumDepth {
            return stop(.parseXML, "elements are nested more than \(XMLReader.maximumDepth) deep", at: tag)
        }
        var isNil = false
        let attributes = self.attributes(raw, count, &isNil)
        let started = XMLTag(
            name: names.name(at: name), space: space.map { names.name(at: $0) }, offset: tag, isNil: isNil,
            attributes: attributes)
        if names.count > XMLNames.most {
            return stop(.parseXML, "the document has more than \(XMLNames.most) different names", at: tag)
        }
        if let refusal = handler.start(started) { stop(.parseXML, refusal, at: tag) }
    }

    /// Five pointers an attribute: local name, prefix, namespace, and where the value begins and ends.
    private func attributes(
        _ raw: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, _ count: Int, _ isNil: inout Bool
    ) -> [XMLAttribute] {
        var attributes: [XMLAttribute] = []
        for index in 0..<count {
            guard let raw, let local = raw[index * 5], let from = raw[index * 5 + 3], let to = raw[index * 5 + 4] else {
                continue
            }
            let attribute = XMLAttribute(
                name: names.name(at: local), raw: UnsafeBufferPointer(start: from, count: to - from))
            switch AttributeSpace(prefix: raw[index * 5 + 1], uri: raw[index * 5 + 2]) {
            case .schemaInstance:
                if names[attribute.name] == "nil" { isNil = attribute.isTrue }
            case .xml: break
            case .other: attributes.append(attribute)
            }
        }
        return attributes
    }

    private func end() {
        depth -= 1
        if failure == nil { handler.end() }
    }

    private func characters(_ bytes: UnsafePointer<xmlChar>?, _ count: Int) {
        guard failure == nil, let bytes, depth > 0 else { return }
        handler.text(UnsafeBufferPointer(start: bytes, count: count))
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

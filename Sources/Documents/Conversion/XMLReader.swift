import CLibXML2
import JSONText
import Model

/// Reads an XML text with libxml2's SAX interface: no tree, no network, no DTD, no entity but the five of XML itself.
///
/// One is made for each document and stays on one thread.
final class XMLReader {
    /// What is read is handed over as it comes.
    protocol Handler: AnyObject {
        ///
        /// What it throws ends the reading; so do the others.
        ///
        /// - Returns: why the document is refused here; `nil`: it is read on.
        func start(_ tag: XMLTag) throws -> String?
        /// The bytes are UTF-8, in as many pieces as it may be, and good only until this returns.
        func text(_ bytes: UnsafeBufferPointer<UInt8>) throws
        func end() throws
    }

    /// Elements are nested no deeper than this.
    static let maximumDepth = 256

    // One thread reads one document, and nothing that the text calls comes back here.
    @exclusivity(unchecked) private var input: XMLInput
    private let names: XMLNames
    private let handler: any Handler
    /// The most bytes of something that is handed over in one, such as a tag.
    private let longestItem: Int
    private var context: xmlParserCtxtPtr?
    private var depth = 0
    private var failure: Failure?
    /// What fetching the text or handing it over threw.
    private var fault: (any Error)?
    /// How much of the text the parser was given when it last handed something over.
    private var lastGiven = 0

    /// Why the reading ended early.
    private struct Failure {
        let code: Code
        let message: String
        let place: TextPlace
    }

    /// - Parameter longestItem: the parser holds a tag, a comment and the like whole: the document is refused where
    ///   one has more bytes.
    init(_ input: XMLInput, _ names: XMLNames, handler: any Handler, longestItem: Int = .max) {
        self.input = input
        self.names = names
        self.handler = handler
        self.longestItem = longestItem
        XMLLibrary.start()
    }

    /// Reads all of the text.
    ///
    /// - Returns: why it could not be read, `read.incomplete` where it ends too early; `nil`: it was read.
    /// - Throws: what fetching the text and the handler throw.
    func read() throws -> Problem? {
        guard try !input.isExhausted() else {
            return problem(Failure(code: .readIncomplete, message: "there is no element in it", place: .start))
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
        if let fault { throw fault }
        return failure.map { problem($0) }
    }

    /// Where the text ends, read to its end whatever the parser wanted of it.
    func end() throws -> TextPlace {
        try input.drain()
        return input.end
    }

    private func problem(_ failure: Failure) -> Problem {
        let position = failure.place.position
        let finding = Finding(line: position.line, column: position.column, message: failure.message)
        let message =
            failure.code == .readIncomplete
            ? "The document ends too early: \(failure.message)"
            : "Line \(position.line), column \(position.column): \(failure.message)"
        return Problem(failure.code, message, findings: [finding])
    }

    /// How much of the text has been read.
    private var offset: Int {
        guard let parser = context?.pointee.input else { return 0 }
        return min(input.given, Int(parser.pointee.consumed) + (parser.pointee.cur - parser.pointee.base))
    }

    /// What goes wrong here is only noted, and the text ends for the parser: in the middle of reading it can't be stopped.
    private func give(_ piece: UnsafeMutablePointer<CChar>?, _ room: Int) -> CInt {
        guard let piece, failure == nil, fault == nil else { return -1 }
        // What the parser has in its buffer it may still look at.
        let kept = context?.pointee.input?.pointee.buf?.pointee.buffer.map { Int(xmlBufUse($0)) } ?? input.given
        do {
            let target = UnsafeMutableRawBufferPointer(start: piece, count: room)
            let count = try input.give(into: target, forgettingUpTo: input.given - kept)
            if let crowded = input.crowded {
                let message = "the element has more than \(CrowdedTag.mostAttributes) attributes"
                failure = Failure(code: .parseXML, message: message, place: crowded)
            } else if input.given - lastGiven > longestItem {
                let message = "a tag, comment or processing instruction has more than \(longestItem) bytes"
                failure = Failure(code: .readTooLarge, message: message, place: input.tag(before: offset))
            }
            return failure == nil ? CInt(count) : -1
        } catch {
            fault = error
            return -1
        }
    }

    private func stop(_ error: any Error) {
        if fault == nil { fault = error }
        xmlStopParser(context)
    }

    private func stop(_ code: Code, _ message: String, at place: TextPlace) {
        if failure == nil { failure = Failure(code: code, message: message, place: place) }
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
            reader.stop(
                .parseXML, "a document type declaration is not allowed", at: reader.input.tag(before: reader.offset))
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
        guard isReading, let name else { return }
        depth += 1
        let tag = input.tag(before: offset)
        if depth > XMLReader.maximumDepth {
            return stop(.parseXML, "elements are nested more than \(XMLReader.maximumDepth) deep", at: tag)
        }
        var isNil = false
        let attributes = self.attributes(raw, count, &isNil)
        let started = XMLTag(
            name: names.name(at: name), space: space.map { names.name(at: $0) }, place: tag, isNil: isNil,
            attributes: attributes)
        if names.count > XMLNames.most {
            return stop(.parseXML, "the document has more than \(XMLNames.most) different names", at: tag)
        }
        do {
            if let refusal = try handler.start(started) { stop(.parseXML, refusal, at: tag) }
        } catch {
            stop(error)
        }
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
        guard isReading else { return }
        do { try handler.end() } catch { stop(error) }
    }

    private func characters(_ bytes: UnsafePointer<xmlChar>?, _ count: Int) {
        guard isReading, let bytes, depth > 0 else { return }
        do { try handler.text(UnsafeBufferPointer(start: bytes, count: count)) } catch { stop(error) }
    }

    /// The parser hands something over, and nothing has ended the reading so far.
    private var isReading: Bool {
        lastGiven = input.given
        return failure == nil && fault == nil
    }

    private func fail(_ error: xmlError) {
        // Namespaces do not count, so neither does a prefix that nothing declares.
        guard failure == nil, fault == nil, error.level.rawValue >= XML_ERR_ERROR.rawValue,
            error.domain != CInt(XML_FROM_NAMESPACE.rawValue)
        else { return }
        let said = error.message.map { String(cString: $0) } ?? "the document is not well-formed"
        let message = FileName.escaped(said.split(whereSeparator: \.isNewline).joined(separator: " ").utf8)
        let offset = offset
        do {
            // A closing tag that closes nothing is wrong however the text would go on.
            let isAtEnd =
                try offset >= input.given && error.code != CInt(XML_ERR_TAG_NAME_MISMATCH.rawValue)
                && input.isExhausted()
            stop(
                isAtEnd ? .readIncomplete : .parseXML, String(message.prefix(300)), at: input.place(ofByte: offset))
        } catch {
            stop(error)
        }
    }
}

// A libFuzzer target for the conversion of XML documents. From the repository's root:
//
//   mkdir -p .build/fuzz/XMLConversion && cp inbox/*/*.xml .build/fuzz/XMLConversion/
//   options="-sanitize=fuzzer,address -parse-as-library -O -wmo -swift-version 6 -package-name sluice -DFUZZ \
//       -I .build/fuzz -I Sources/CPCRE2 -I Sources/CLibXML2 $(pkg-config --cflags libxml-2.0)"
//   for module in JSONText JSONSchema Model; do
//       swiftc $options -module-name $module -emit-module -emit-module-path .build/fuzz/$module.swiftmodule \
//           -c Sources/$module/*.swift -o .build/fuzz/$module.o
//   done
//   swiftc $options -module-name Documents Sources/Documents/Conversion/*.swift \
//       Sources/Documents/Document{Rules,Shape}.swift \
//       Sources/Documents/Windows/{DocumentSource,Skeleton,Surroundings,XMLPieces}.swift Fuzz/XMLConversionFuzz.swift \
//       .build/fuzz/{JSONText,JSONSchema,Model}.o -o .build/fuzz/XMLConversionFuzz
//   ASAN_OPTIONS=detect_leaks=0 .build/fuzz/XMLConversionFuzz -max_len=4096 -max_total_time=60 .build/fuzz/XMLConversion
//
// (Without `detect_leaks=0` the schemas, which live as long as the process, are taken for leaks.)

import Glibc
import JSONSchema
import JSONText
import Model

/// What is converted is JSON, and what is refused says why and where; and so it is where the document is read in pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = XMLText.decode(bytes).map { XMLConverter.convert($0, rules: fuzzRules) }
    switch whole {
    case .failure(let unfit): precondition(unfit.problem.code == .parseEncoding)
    case .success(.problem(_, let problem)), .success(.unfinished(let problem)):
        precondition(!problem.message.isEmpty && problem.findings.allSatisfy { $0.line ?? 0 > 0 })
    case .success(.converted(let converted)):
        if case .failure(let unfit) = DocumentShape.read(converted, configured: nil) {
            // A name that stands twice, as an attribute and as an element, is all that JSON cannot hold.
            precondition(
                unfit.problem.code == .kindUnknown || unfit.problem.message.contains("stands twice"),
                unfit.problem.message)
        }
    }
    for windowBytes in [1, 100] { compare(whole, inPieces(bytes, windowBytes)) }
    return 0
}

private typealias Converted = Result<XMLConverter.Outcome, Unfit>

private func compare(_ whole: Converted, _ pieces: (outcome: Converted, records: [UInt8])) {
    switch (whole, pieces.outcome) {
    case (.failure(let one), .failure(let other)): precondition(one.problem == other.problem)
    case (.success(.problem(let kind, let one)), .success(.problem(let otherKind, let other))):
        precondition(kind == otherKind && one == other)
    case (.success(.unfinished(let one)), .success(.unfinished(let other))): precondition(one == other)
    case (.success(.converted(let one)), .success(.converted(let other))):
        // What is around the records stands before and behind them, unless there are several arrays.
        let brackets = Array("[]".utf8)
        let ends = other.json.indices.dropLast().filter { other.json[$0...].starts(with: brackets) }
        guard ends.count == 1 else { return }
        precondition(one.json == other.json[...ends[0]] + pieces.records + other.json[(ends[0] + 1)...])
    default: preconditionFailure("in pieces it is \(pieces.outcome), whole \(whole)")
    }
}

/// The outcome of a document that is read piece by piece, and its records.
private func inPieces(_ bytes: [UInt8], _ windowBytes: Int) -> (outcome: Converted, records: [UInt8]) {
    var records: [UInt8] = []
    let source = DocumentSource(size: bytes.count) { Array(bytes[$0]) }
    let windows = XMLWindows(bytes: windowBytes, longestRecord: .max) { window in
        let head = window.json.firstIndex(of: UInt8(ascii: "[")).map { $0 + 1 } ?? 0
        records += (records.isEmpty ? [] : [UInt8(ascii: ",")]) + window.json[head...].dropLast(2)
    }
    do {
        let encoding = try XMLEncoding.of(head: Array(bytes.prefix(XMLEncoding.headBytes))).get()
        let pieces = try XMLPieces(source, encoding, pieceBytes: windowBytes)
        if let untrue = encoding.untrue {
            while try pieces.next() != nil {}
            throw untrue
        }
        let outcome = try XMLConverter.convert(
            { try pieces.next() }, isCut: { pieces.isCut }, rules: fuzzRules, windows: windows)
        return (.success(outcome), records)
    } catch let unfit as Unfit {
        return (.failure(unfit), records)
    } catch {
        preconditionFailure("\(error)")
    }
}

/// The shipped schemas of accounts, with a mapping and a constant.
private let fuzzRules: DocumentRules = {
    do {
        let schema = try JSONSchema(compiling: JSONDocument(parsing: fuzzFile("schemas/account.schema.json")))
        return DocumentRules(
            schemas: [.account: schema, .payment: schema, .claim: schema],
            xmlSchemas: [.account: try XMLSchema(compiling: fuzzFile("schemas/account.xsd"))],
            fields: FieldMapping(renamed: ["b": "brand"], constants: ["portfolio": #""x""#]))
    } catch {
        preconditionFailure("the shipped schemas: \(error)")
    }
}()

private func fuzzFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { preconditionFailure("run from the repository's root: \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
    return bytes
}

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
//       Sources/Documents/{Document{Rules,Shape},Windows/{Surroundings,Skeleton}}.swift Fuzz/XMLConversionFuzz.swift \
//       .build/fuzz/{JSONText,JSONSchema,Model}.o -o .build/fuzz/XMLConversionFuzz
//   ASAN_OPTIONS=detect_leaks=0 .build/fuzz/XMLConversionFuzz -max_len=4096 -max_total_time=60 .build/fuzz/XMLConversion
//
// (Without `detect_leaks=0` the schemas, which live as long as the process, are taken for leaks.)

import Glibc
import JSONSchema
import JSONText
import Model

/// What is converted is JSON, and what is refused says why and where.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard case .success(let text) = XMLText.decode(Array(UnsafeBufferPointer(start: start, count: count))) else {
        return 0
    }
    switch XMLConverter.convert(text, rules: fuzzRules) {
    case .problem(_, let problem), .unfinished(let problem):
        precondition(!problem.message.isEmpty && problem.findings.allSatisfy { $0.line ?? 0 > 0 })
    case .converted(let converted):
        if case .failure(let unfit) = DocumentShape.read(converted, configured: nil) {
            // A name that stands twice, as an attribute and as an element, is all that JSON cannot hold.
            precondition(
                unfit.problem.code == .kindUnknown || unfit.problem.message.contains("stands twice"),
                unfit.problem.message)
        }
    }
    return 0
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

// A libFuzzer target for JSONText. From the repository's root:
//
//   mkdir -p .build/fuzz/corpus
//   swiftc -sanitize=fuzzer,address -parse-as-library -O -package-name sluice -DFUZZ \
//       Sources/JSONText/*.swift Fuzz/JSONTextFuzz.swift -o .build/fuzz/JSONTextFuzz
//   .build/fuzz/JSONTextFuzz -max_len=4096 -max_total_time=60 .build/fuzz/corpus
//
// (`cp ../shared/conformance/json-text/test_parsing/*.json .build/fuzz/corpus` makes a good beginning.)

/// What is accepted has a canonical form that is accepted and is its own; what is refused says where.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONSyntaxError) {
        let form = try JSONDocument(parsing: bytes).root.canonicalBytes()
        do throws(JSONSyntaxError) {
            let again = try JSONDocument(parsing: form).root.canonicalBytes()
            precondition(again == form)
        } catch {
            preconditionFailure("the canonical form is refused: \(error)")
        }
    } catch {
        precondition(error.offset <= count && !error.message.isEmpty)
    }
    return 0
}

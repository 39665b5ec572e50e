// A libFuzzer target for documents that are read in windows; scripts/fuzz compiles and runs it.

import JSONText

/// What is JSON in windows is JSON as a whole, with the same records, and the other way round.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let text = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let windowed = readInWindows(text, windowBytes: Int(start[0]) + 1)
    do throws(JSONSyntaxError) {
        let root = try JSONDocument(parsing: text, maximumDepth: 200).root
        guard let windowed else { preconditionFailure("the whole is JSON, and its windows are not") }
        let array = root.kind == .array ? root : root["accounts"]
        // What is called an array and is none has no records.
        let records = array?.elements.map { $0.canonicalBytes() } ?? []
        precondition(records == windowed, "the windows have other records")
    } catch {
        if case .tooDeep = error.reason { return 0 }
        precondition(windowed == nil, "the windows are JSON, and the whole is not: \(error.message)")
    }
    return 0
}

/// The records in canonical form; `nil` where something is no JSON.
private func readInWindows(_ text: [UInt8], windowBytes: Int) -> [[UInt8]]? {
    let source = DocumentSource(size: text.count) { Array(text[$0]) }
    do {
        var reader = try WindowedText(source, names: ["accounts"], bare: "accounts", windowBytes: windowBytes)
        var records: [[UInt8]] = []
        while let window = try reader.next() {
            let document = try JSONDocument(parsing: window.text, maximumDepth: 210)
            guard let array = document.root["accounts"] else { return nil }
            if array.count == 0, !(window.isFirst && window.isLast) { return nil }
            records += array.elements.map { $0.canonicalBytes() }
        }
        _ = try JSONDocument(parsing: reader.skeleton.text, maximumDepth: 210)
        return records
    } catch {
        return nil
    }
}

// A libFuzzer target for the configuration. scripts/fuzz builds and runs it.

import SluiceConfiguration

/// What is taken can be used, and what is refused says why.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do {
        let configuration = try Configuration.parse(text, file: "/etc/sluice/sluice.yaml")
        precondition(!configuration.inboxes.isEmpty)
        precondition(configuration.limits.inFlight > 0 && configuration.limits.jsonBytes.bytes > 0)
        precondition(Set(configuration.inboxes.map(\.name)).count == configuration.inboxes.count)
    } catch {
        precondition(!error.problems.isEmpty)
        for problem in error.problems {
            precondition(!problem.message.isEmpty && problem.line ?? 1 > 0 && problem.column ?? 1 > 0)
        }
    }
    return 0
}

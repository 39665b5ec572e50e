// A libFuzzer target for the Retry-After header of a stranger's answer. scripts/fuzz builds and runs it.

import Model

/// Whatever stands there, nobody is waited for longer than the longest wait, and never for less than no time.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let header = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    for now in [0, 1_795_000_000_000, 253_402_300_799_000] as [Int64] {
        guard let wait = RetryAfter.parse(header, at: Timestamp(milliseconds: now)) else { continue }
        precondition(wait >= .zero && wait <= RetryAfter.longest, "\(wait)")
    }
    return 0
}

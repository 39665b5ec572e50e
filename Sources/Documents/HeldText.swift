import Glibc

/// A long text in memory of its own, which the system has back with the last reference. What the allocator is given back it
/// keeps, in pieces that fit no other document.
///
/// `@unchecked Sendable`: written by ``append(_:)`` alone, before anybody else has it.
final class HeldText: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// - Parameter capacity: at least 1.
    init(capacity: Int) {
        let start = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { fatalError("out of memory") }
        memory = UnsafeMutableRawBufferPointer(start: start, count: capacity)
    }

    deinit {
        munmap(memory.baseAddress, memory.count)
    }

    /// - Parameter bytes: no more than there is room for.
    func append(_ bytes: [UInt8]) {
        precondition(count + bytes.count <= memory.count)
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: $0) }
        count += bytes.count
    }

    /// Some bytes; fewer at the end.
    func bytes(_ range: Range<Int>) -> [UInt8] { Array(memory[range.clamped(to: 0..<count)]) }
}

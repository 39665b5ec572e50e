import Testing
import TestSupport

@testable import Delivery

struct PackedDictionaryTests {
    @Test(arguments: 1...5 as ClosedRange<UInt64>) func itSaysWhatADictionarySays(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var packed = PackedDictionary<Int, [Int]>()
        var plain: [Int: [Int]] = [:]
        for step in 0..<5000 {
            let key = Int.random(in: 0..<200, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                packed[key] = [step]
                plain[key] = [step]
            case 1:
                packed[key]?.append(step)
                plain[key]?.append(step)
            case 2:
                packed[key] = nil
                plain[key] = nil
            case 3: #expect(packed.removeValue(forKey: key) == plain.removeValue(forKey: key))
            default: #expect(packed[key] == plain[key])
            }
            #expect(packed.count == plain.count && packed.isEmpty == plain.isEmpty)
        }
        #expect(packed.values.map(\.description).sorted() == plain.values.map(\.description).sorted())
        let before = packed
        for key in plain.keys { packed[key] = nil }
        #expect(packed.isEmpty && before.count == plain.count)
    }

    /// What grows in a value is not copied for each element.
    @Test func aValueIsChangedWhereItLies() {
        var packed = PackedDictionary<Int, [Int]>()
        packed[1] = Array(0..<1000)
        packed[1]?.reserveCapacity(5000)
        let address = packed[1]?.withUnsafeBufferPointer { $0.baseAddress }
        for number in 0..<1000 { packed[1]?.append(number) }
        #expect(packed[1]?.withUnsafeBufferPointer { $0.baseAddress } == address)
    }
}

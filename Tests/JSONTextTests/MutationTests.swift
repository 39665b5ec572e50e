import JSONText
import TestSupport
import Testing

/// Texts made by small damage to valid ones: none may crash the parser, and what is accepted must have a canonical form
/// that is accepted and is its own.
@Suite struct MutationTests {
    #if DEBUG
        static let rounds = 100_000
    #else
        static let rounds = 1_000_000
    #endif

    static func mutate(_ bytes: [UInt8], with generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let index = Int.random(in: 0...bytes.count, using: &generator)
            let interesting = Array("{}[]\",:\\u0e-+.19tfn \n".utf8) + [0x00, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.insert(interesting.randomElement(using: &generator)!, at: index)
            case 1 where index < bytes.count: bytes.remove(at: index)
            case 2 where index < bytes.count: bytes[index] = interesting.randomElement(using: &generator)!
            case 3:  // repeat a piece
                let end = min(bytes.count, index + Int.random(in: 0...12, using: &generator))
                bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            default: if generator.chance(20) { bytes.removeSubrange(index...) }
            }
        }
        return bytes
    }

    @Test func noDamageDoesHarm() throws {
        var generator = SeededGenerator(seed: 0xF022)
        let seeds = (0..<200).map { _ in
            Array(RandomJSON.make(depth: 3, using: &generator).spelled(using: &generator).utf8.prefix(400))
        }
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = Self.mutate(seeds[round % seeds.count], with: &generator)
            do throws(JSONSyntaxError) {
                let document = try JSONDocument(parsing: bytes)
                accepted += 1
                let form = document.root.canonicalBytes()
                guard let again = try? JSONDocument(parsing: form).root.canonicalBytes() else {
                    Issue.record("round \(round): the form of \(bytes) is refused")
                    continue
                }
                if again != form { Issue.record("round \(round): \(bytes)") }
            } catch {
                if error.offset > bytes.count || error.message.isEmpty { Issue.record("round \(round): \(error)") }
            }
        }
        #expect(accepted > Self.rounds / 50)
        print("mutations: \(Self.rounds), of which accepted: \(accepted)")
    }
}

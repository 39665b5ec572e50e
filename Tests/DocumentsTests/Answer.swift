import Documents
import Model
import Testing

/// A judge's answer as a value.
struct Answer: Equatable, CustomStringConvertible {
    var kind: Kind?
    var problem: Problem?
    var isUnfinished: Bool
    var references: [String?] = []
    var batches: [Batch] = []
    var bodies: [String] = []
    var mentioned: Set<String> = []

    init(_ judgement: Judgement) throws {
        problem = judgement.problem
        isUnfinished = judgement.isUnfinished
        if case .problem(let kind, _) = judgement { self.kind = kind }
        guard let document = judgement.document else { return }
        kind = document.kind
        references = [document.content, document.ownReference]
        batches = try document.batches
        bodies = try batches.map { batch in
            let body = try #require(try document.body(of: batch))
            if let long = try document.longBody(of: batch) { #expect(try long.whole(inPiecesOf: 7) == body) }
            return String(decoding: body, as: UTF8.self)
        }
        mentioned = try document.mentioned(of: ["a", "b2", "7"])
    }

    var description: String {
        problem.map { "\($0.code.rawValue) \($0.message) \($0.findings)" } ?? "\(references) \(bodies)"
    }
}

extension LongBody {
    func whole(inPiecesOf count: Int) throws -> [UInt8] {
        var whole = head
        var offset: Int64 = 0
        while offset < size {
            let piece = try read(offset, count)
            try #require(!piece.isEmpty)
            whole += piece
            offset += Int64(piece.count)
        }
        #expect(offset == size)
        return whole + tail
    }
}

extension Answer {
    /// Judges a text whole and in windows of several sizes, and records where the answers differ.
    static func expectTheSame(
        _ text: [UInt8], _ form: FileForm, _ judge: DocumentJudge, _ windows: [Int], _ at: SourceLocation,
        inWindows: (Int) throws -> Judgement
    ) throws {
        let whole = try Answer(judge.judge(text, form: form, origin: Judging.origin))
        for size in windows {
            let windowed = try Answer(inWindows(size))
            guard windowed != whole else { continue }
            Issue.record(
                "in windows of \(size): \(windowed), whole: \(whole)\n\(String(decoding: text, as: UTF8.self))",
                sourceLocation: at)
            return
        }
    }
}

extension DocumentSource {
    /// A text in memory, as if it were a file.
    init(held text: [UInt8], isOwn: Bool = true) {
        self.init(size: text.count, isOwn: isOwn) { Array(text[$0.clamped(to: 0..<text.count)]) }
    }
}

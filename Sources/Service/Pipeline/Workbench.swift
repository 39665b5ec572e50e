import Dispatch

/// Threads for what keeps a processor busy for long.
///
/// The pool that tasks run on has a thread for each processor, and all of the service's waiting happens there: one large
/// document must not keep a drop of another inbox from its turn, nor a stop from being heard.
enum Workbench {
    /// What is smaller is done before another thread would have begun.
    private static let threshold = 1 << 20
    private static let queue = DispatchQueue(label: "sluice.documents", attributes: .concurrent)

    /// Runs `body`, on a thread of its own where it is about many bytes.
    static func run<Value: Sendable>(
        bytes: Int64, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        if bytes < threshold { return try body() }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}

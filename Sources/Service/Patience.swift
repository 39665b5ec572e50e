import Documents
import Model

/// Tries again for as long as this machine is in the way: no disk, folder or ledger of ours fails a drop.
struct Patience: Sendable {
    let time: any TimeSource
    /// Says what is in the way, once, and when it is over.
    let report: @Sendable (ServiceEvent) -> Void

    private static let pause = Duration.seconds(1)

    /// - Throws: `CancellationError`: the service stops while the fault lasts.
    func persist<Value>(_ work: String, _ body: () async throws -> Value) async throws -> Value {
        var isFaulty = false
        while true {
            do {
                let value = try await body()
                if isFaulty { report(.faultOver(work: work)) }
                return value
            } catch let error as CancellationError {
                throw error
            } catch let error as DocumentHasChanged {
                // Nothing of this machine's: trying again changes nothing.
                throw error
            } catch {
                if !isFaulty { report(.fault(work: work, message: String(describing: error))) }
                isFaulty = true
                try await time.sleep(for: Patience.pause)
            }
        }
    }
}

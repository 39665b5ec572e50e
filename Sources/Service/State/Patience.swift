import Documents
import Ledger
import Model

/// Tries again for as long as this machine is in the way: no disk, folder or ledger of ours fails a drop.
struct Patience: Sendable {
    let time: any TimeSource
    /// Says what is in the way, once, and when it is over.
    let report: @Sendable (ServiceEvent) -> Void
    /// Told of a ledger that is damaged: no patience mends that.
    let damage: LedgerDamage
    private let faults = FaultBook()

    private static let pause = Duration.seconds(1)

    init(
        time: any TimeSource, damage: LedgerDamage = LedgerDamage(), report: @escaping @Sendable (ServiceEvent) -> Void
    ) {
        self.time = time
        self.report = report
        self.damage = damage
    }

    /// - Throws: `CancellationError`: the service stops while the fault lasts.
    func persist<Value>(_ work: @autoclosure () -> String, _ body: () async throws -> Value) async throws -> Value {
        // Put into words only where something is in the way.
        var faulty: String?
        defer { if let faulty, faults.end(faulty) { report(.faultOver(work: faulty)) } }
        while true {
            do {
                return try await body()
            } catch let error as CancellationError {
                throw error
            } catch let error as DocumentHasChanged {
                // Nothing of this machine's: trying again changes nothing.
                throw error
            } catch {
                if LedgerTrouble(error) == .damaged { damage.note("\(error)") }
                if faulty == nil {
                    let work = work()
                    if faults.begin(work) { report(.fault(LocalFault(work, error))) }
                    faulty = work
                }
                try await time.sleep(for: Patience.pause)
            }
        }
    }
}

import Ledger
import Model
import SluiceConfiguration

/// What an admin does to a running service.
extension SluiceService {
    /// Puts a drop back into its inbox.
    ///
    /// - Returns: the name that it has there.
    /// - Throws: ``Administration/Refusal``, ``Administration/Unknown``, `SystemCallError`; what writing the ledger
    ///   throws.
    package func retry(_ id: DropID, _ terms: RetryTerms = RetryTerms()) async throws -> FileName {
        let administration = await administration()
        guard let entry = try administration.ledger.drop(id) else {
            throw Administration.Unknown(description: "there is no drop \(FileName.escaped(id.text.utf8))")
        }
        return try await administration.putBack(entry, terms) { ledger }
    }

    /// Pauses an inbox, or everything; kept over restarts.
    ///
    /// - Throws: ``Administration/Unknown``; what writing the ledger throws.
    package func pause(_ inbox: String?) async throws {
        try await check(inbox)
        try await PauseControl.pause(inbox, ledger: ledger, state: desk.configuration.state)
    }

    /// Ends a pause; without a name every one.
    ///
    /// - Throws: as ``pause(_:)``.
    package func resume(_ inbox: String?) async throws {
        try await check(inbox)
        try await PauseControl.resume(inbox, ledger: ledger, state: desk.configuration.state)
    }

    private func check(_ inbox: String?) async throws {
        guard let inbox, await administration().paths(of: inbox) == nil else { return }
        throw Administration.Unknown(description: "there is no inbox \(FileName.escaped(inbox.utf8))")
    }
}

/// What a test asks a sandbox, and tells it.
extension Sandbox {
    /// Every accepted batch, in order of acceptance.
    package var accepted: [Acceptance] {
        read { $0.memory.entries.map(\.acceptance) }
    }

    /// The last requests, oldest first: at least the last 100,000.
    package var requests: [SeenRequest] {
        read { $0.log.requests }
    }

    /// The references that more than one body came under, whole and in order, whether they were accepted or not: none,
    /// where nobody repeats a request with another body.
    package var ambiguousReferences: Set<String> {
        read { $0.log.ambiguous }
    }

    /// How many requests were seen in all, those for tokens and those that were blocked included.
    package var requestCount: Int {
        read { $0.log.total }
    }

    /// How many requests for a token were seen.
    package var tokenRequests: Int {
        read { $0.tokenRequests }
    }

    /// The largest number of requests seen in any 60 seconds.
    package var largestWindow: Int {
        read { $0.window.largest }
    }

    /// How many scripted answers have not been used.
    package var scriptedAnswersLeft: Int {
        read { $0.script.remaining }
    }

    /// The state of every identity and every payment, as applied up to now.
    package var books: Books {
        let now = clock.now()
        let applied = read { state in
            state.memory.settle(upTo: now)
            return state.memory.applied.map { state.memory.entries[$0] }
        }
        return Books(applied: applied)
    }

    /// Puts answers in waiting, one for each request that the target names, in the order given. They are taken when
    /// the body has been read: the rate, an outage, faults by chance, the route, the token and the size come first.
    package func script(_ answers: [ScriptedAnswer], for target: ScriptTarget = .submissions) {
        update { $0.script.append(answers, for: target) }
    }

    /// Makes every token invalid that was issued until now.
    package func revokeTokens() {
        update { $0.tokens.revokeAll() }
    }

    /// From now on, refuses records of this identity when their batch is applied: the batch is accepted, and its
    /// status says `Rejected` of them.
    package func rejectRecords(of identity: String, message: String = "Refused") {
        update { $0.refusedIdentities[identity] = message }
    }

    /// Forgets everything, as if the sandbox had just been started. Tokens are invalid from here on.
    package func reset() {
        let now = clock.now()
        update { $0 = SandboxState(options: options, start: now) }
    }
}

import FileSystem
import Foundation
import Model
import SystemPackage

/// Where a token is kept, so that the next run of the service need not ask for one.
package protocol TokenStore: Sendable {
    /// - Returns: `nil` where none is kept.
    func load() throws -> KeptToken?
    func save(_ token: KeptToken) throws
}

/// A token as it outlives the service.
package struct KeptToken: Sendable, Codable, Equatable {
    package var bearer: String
    package var fetchedAt: Int64
    package var lifetimeMs: Int64
    /// Stands for the token endpoint, the audience and the client that it was given to.
    package var owner: String

    package init(bearer: String, fetchedAt: Timestamp, lifetime: Duration, owner: String) {
        self.bearer = bearer
        self.fetchedAt = fetchedAt.milliseconds
        lifetimeMs = lifetime.wholeMilliseconds
        self.owner = owner
    }

    /// The token as it is now; `nil` where it is not this owner's, or has expired.
    ///
    /// A clock that was set back makes it look younger than it is, and a 401 then tells.
    package func token(for owner: String, at now: Moment, _ time: Timestamp) -> Token? {
        let age = Timestamp(milliseconds: fetchedAt).duration(to: time)
        guard owner == self.owner, age < .milliseconds(lifetimeMs) else { return nil }
        return Token(bearer: bearer, lifetime: .milliseconds(lifetimeMs), fetchedAt: now + (.zero - max(age, .zero)))
    }
}

/// The file `token.json` in the state folder, readable for the service alone.
package struct TokenFile: TokenStore {
    private let state: FilePath
    private static let name = FileName("token.json")
    private static let temporary = FileName(".token.tmp")

    package init(state: FilePath) {
        self.state = state
    }

    /// A file that is no token of ours is as good as none: it may be half written.
    package func load() throws -> KeptToken? {
        let directory = try Directory(opening: state)
        guard let status = try directory.status(of: TokenFile.name), status.form == .regular, status.size < 1 << 20
        else { return nil }
        let file = try OpenFile(reading: TokenFile.name, in: directory)
        let text = try file.bytes(at: 0, count: Int(status.size))
        return try? JSONDecoder().decode(KeptToken.self, from: Data(text))
    }

    package func save(_ token: KeptToken) throws {
        let directory = try Directory(opening: state)
        try directory.remove(TokenFile.temporary)
        let file = try OpenFile(creating: TokenFile.temporary, in: directory, .exclusive(mode: 0o600))
        try file.write(Array(JSONEncoder().encode(token)))
        KillPoint.tokenWritten.reach()
        try directory.replace(TokenFile.name, with: TokenFile.temporary)
    }
}

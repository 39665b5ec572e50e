import AsyncHTTPClient
import Foundation
import JSONText
import Model
import NIOCore
import NIOHTTP1
import SystemPackage

/// The socket in a state folder at which a running service answers the commands: the reading part of the JSON API, for
/// whoever may look into the folder.
package struct ControlSocket: Sendable {
    package static let name = FileName("api")

    /// The folder that it is in, in the state folder.
    package static var folder: FileName { PauseControl.folder }

    private let path: FilePath

    package init(state: FilePath) {
        path = state.appending(ControlSocket.folder.description).appending(ControlSocket.name.description)
    }

    /// Nobody answered, or not as asked.
    package struct NoAnswer: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a drop waits for; `nil`: it has come to its end.
    package func waitsFor(_ drop: DropID) async throws(NoAnswer) -> WaitsFor? {
        let answer = try await ask("/api/v1/drops/\(drop.text.percentEncoded)")
        return answer.flatMap { $0["waitsFor"] }.flatMap(WaitsFor.init)
    }

    /// What a file in an inbox waits for; `nil`: the service knows no such file.
    package func waitsFor(file name: FileName, in inbox: String) async throws(NoAnswer) -> WaitsFor? {
        let query = "inbox=\(inbox.percentEncoded)&name=\(name.description.percentEncoded)"
        return try await ask("/api/v1/waiting?\(query)").flatMap { $0["waitsFor"] }.flatMap(WaitsFor.init)
    }

    /// How the service is.
    package func health() async throws(NoAnswer) -> ServiceHealth {
        guard let answer = try await ask("/api/v1/status"), let health = ServiceHealth(answer) else {
            throw NoAnswer(description: "the service speaks another language")
        }
        return health
    }

    private static let patience = TimeAmount.seconds(2)
    private static let longest = 1 << 20

    /// - Returns: `nil` where there is no such thing.
    private func ask(_ uri: String) async throws(NoAnswer) -> JSONValue? {
        do {
            guard let url = URL(httpURLWithSocketPath: path.string, uri: uri) else {
                throw NoAnswer(description: "\(path) is in no address")
            }
            var request = HTTPClientRequest(url: url.absoluteString)
            request.headers.add(name: "Host", value: "localhost")
            let response = try await HTTPClient.shared.execute(request, timeout: ControlSocket.patience)
            let body = try await response.body.collect(upTo: ControlSocket.longest)
            switch response.status {
            case .ok: return try JSONDocument(parsing: Array(body.readableBytesView)).root
            case .notFound: return nil
            default: throw NoAnswer(description: "the service answered \(response.status.code)")
            }
        } catch let error as NoAnswer {
            throw error
        } catch {
            throw NoAnswer(description: "\(path): \(error)")
        }
    }
}

/// How a running service is, as it tells the commands.
package struct ServiceHealth: Sendable, Hashable {
    /// What keeps it from working as it should, in words.
    package var troubles: [String]
    /// Why submission pauses by itself: `outage` or `misconfigured`; `nil`: it does not.
    package var outage: String?
    package var outageSince: Timestamp?
    /// How long the token is good for; `nil`: there is none.
    package var tokenLeft: Duration?
    /// Slots of the throttle that are taken.
    package var requests: Int

    package init(
        troubles: [String] = [], outage: String? = nil, outageSince: Timestamp? = nil, tokenLeft: Duration? = nil,
        requests: Int = 0
    ) {
        self.troubles = troubles
        self.outage = outage
        self.outageSince = outageSince
        self.tokenLeft = tokenLeft
        self.requests = requests
    }

    /// As the JSON API tells it.
    init?(_ json: JSONValue) {
        guard let troubles = json["troubles"], let requests = json["requestsLastMinute"]?.int else { return nil }
        self.init(
            troubles: troubles.elements.compactMap(\.string), outage: json["outage"]?.string,
            outageSince: json["outageSince"]?.string.flatMap(Timestamp.init(rfc3339:)),
            tokenLeft: json["token"]?["secondsLeft"]?.int.map { .seconds($0) }, requests: requests)
    }
}

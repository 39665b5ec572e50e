import ArgumentParser
import Foundation
import Logging
import Sandbox
import ServiceLifecycle
import UnixSignals

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run a stand-in for the API that enforces its rules, remembers references and can misbehave.",
        discussion: """
            It takes any client identifier and secret. What it has accepted: GET /sandbox/accepted.

            Faults, separated by commas: 429:5% 503:2% (answers), drop:1% hang:1% tear:1% cut:1% early:1% \
            garbage:1% huge:1% endless:1% (broken connections and answers), async:0s..30s (applied later), latency:20ms..200ms, outage:10s@30s (10 s of 503 from second 30 on).
            """)

    @Option(help: "Address to listen on, HOST:PORT.")
    var listen = "127.0.0.1:8089"

    @Option(help: "Requests allowed in any 60 seconds, or unlimited.")
    var rate = "1000"

    @Option(help: "How it misbehaves, such as 429:5%,503:2%.")
    var faults = ""

    @Option(
        help: ArgumentHelp("A file of answers, one a line, given one after the other.", valueName: "file"),
        completion: .file())
    var script: PathArgument?

    @Flag(help: "Speak TLS and HTTP/2, with a certificate made at the start.")
    var tls = false

    @Option(
        help: ArgumentHelp("With --tls: where to write the certificate, for api.ca.", valueName: "file"),
        completion: .file())
    var tlsCertificate: PathArgument?

    func run() async throws {
        var options = SandboxOptions()
        (options.host, options.port) = try address()
        options.requestsPerMinute = try requestsPerMinute()
        do throws(FaultPlan.SyntaxError) {
            options.faults = try FaultPlan(parsing: faults)
        } catch {
            throw ValidationError(error.description)
        }
        options.tls = tls
        let script = try readScript()
        let sandbox = Sandbox(options: options) { address in
            Output.line("Sandbox listening on \(address.baseURL). For sluice.yaml:")
            Output.line("  api: {url: \(address.apiURL), tokenURL: \(address.tokenURL)}")
        }
        if let script { sandbox.script(script) }
        if let file = tlsCertificate, let authority = sandbox.authority {
            try file.write(Array(authority.utf8))
        }
        var quiet = Logger(label: "sandbox")
        quiet.logLevel = .error
        do {
            try await ServiceGroup(
                services: [sandbox], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet
            ).run()
        } catch {
            Output.error("sluice: the sandbox cannot listen on \(listen): \(error)")
            throw Exit.cannotStart
        }
    }

    private func readScript() throws -> ScriptFile? {
        guard let script else { return nil }
        do {
            return try ScriptFile(parsing: String(decoding: script.read(), as: UTF8.self))
        } catch {
            throw ValidationError("\(script): \(error)")
        }
    }

    private func address() throws -> (String, Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65535).contains(port), colon != listen.startIndex
        else { throw ValidationError("\(listen) is not HOST:PORT") }
        let host = listen[..<colon]
        return (host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host), port)
    }

    private func requestsPerMinute() throws -> Int? {
        if rate == "unlimited" { return nil }
        guard let limit = Int(rate), limit > 0 else {
            throw ValidationError("--rate takes a number above 0, or unlimited")
        }
        return limit
    }
}

import Delivery
import Foundation
import Model
import Sandbox
import Service
import SluiceConfiguration
import Testing
import TestSupport

/// TLS, HTTP/2 and the token over restarts.
@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    private static let options = SandboxOptions(requestsPerMinute: nil, tls: true)

    @Test func withTLSEverythingGoesOverHTTP2() async throws {
        try await Stage.run(options: Self.options) { stage in
            #expect(stage.address.apiURL.hasPrefix("https://"))
            for number in 0..<20 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            try stage.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-7.pdf")
            try await stage.waitForFiled(21)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(stage.sandbox.requests.allSatisfy { $0.isHTTP2 })
        }
    }

    @Test func aCertificateThatIsNotTrustedPausesAndFailsNothing() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { plain, plainAddress in
            try await Sandbox.withServer(Self.options) { sandbox, address in
                // The token comes over plain HTTP, so that it is the API whose certificate is refused.
                let stage = try Stage(sandbox: sandbox, address: address)
                try stage.writeConfiguration(
                    top: "retry: {base: 10ms, cap: 20ms}\nbreaker: {failures: 5, probe: 1s}")
                let file = stage.configurationFile
                let text = try String(contentsOf: file, encoding: .utf8)
                    .replacing(address.tokenURL, with: plainAddress.tokenURL)
                    .replacing(/ca: .*/, with: "")
                try Data(text.utf8).write(to: file)
                try await stage.whileServing {
                    try stage.drop(Stage.account("INV-1"), as: "a.json")
                    try await eventually("an alert tells") {
                        stage.alerts.contains { $0.event == .misconfigured && $0.phase == .begins }
                    }
                    try await eventually("probes go on") { stage.reports.filter(\.isHeld).count >= 3 }
                    #expect(stage.filed.isEmpty)
                }
                #expect(sandbox.requests.isEmpty)
                #expect(plain.tokenRequests == 1)
                // Trusted now, it goes through.
                try stage.writeConfiguration()
                try await stage.whileServing { try await stage.waitForFiled(1) }
                #expect(stage.filed.first?.outcome == .accepted)
                #expect(stage.filed.first?.batches.first?.attempts.count ?? 0 >= 4)
            }
        }
    }

    @Test func aTokenOutlivesTheService() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            for number in 1...3 {
                try await stage.whileServing {
                    try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json")
                    try await stage.waitForFiled(number)
                }
            }
            #expect(sandbox.tokenRequests == 1)
            let file = stage.folder.url.appendingPathComponent("state/token.json")
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            // Another client's token is none of ours.
            let text = try String(contentsOf: stage.configurationFile, encoding: .utf8)
            try Data(text.replacing("clientID: test", with: "clientID: other").utf8).write(to: stage.configurationFile)
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-4"), as: "4.json")
                try await stage.waitForFiled(4)
            }
            #expect(sandbox.tokenRequests == 2)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
        }
    }

    @Test func aKeptTokenThatTheAPIRefusesIsRenewed() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "1.json")
                try await stage.waitForFiled(1)
            }
            sandbox.revokeTokens()
            try Data("{\"bearer\":".utf8).write(
                to: stage.folder.url.appendingPathComponent("state/token.json.half"))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-2"), as: "2.json")
                try await stage.waitForFiled(2)
            }
            #expect(sandbox.tokenRequests == 2)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
        }
    }
}

/// What is read anew, and what is left for later.
@Suite(.timeLimit(.minutes(5))) struct RotationTests {
    @Test func aRotatedSecretIsReadWithTheNextToken() async throws {
        let options = SandboxOptions(requestsPerMinute: nil, clientSecret: "second")
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(top: "retry: {base: 10ms, cap: 100ms}")
            try stage.folder.url.write("first\n", as: "secret")
            let text = try String(contentsOf: stage.configurationFile, encoding: .utf8)
            try Data(
                text.replacing("{env: SLUICE_TEST_SECRET}", with: "{file: secret}").utf8
            ).write(to: stage.configurationFile)
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await eventually("an alert tells") { stage.alerts.contains { $0.event == .tokenFailure } }
                #expect(stage.filed.isEmpty, "the drops wait")
                try stage.folder.url.write("second\n", as: "secret")
                try await stage.waitForFiled(1)
                #expect(stage.filed.first?.outcome == .accepted)
                #expect(stage.filed.first?.batches.first?.attempts.count == 1, "and use no attempts")
                #expect(stage.alerts.filter { $0.event == .tokenFailure }.map(\.phase) == [.begins, .ends])
            }
        }
    }

    @Test func withOnceAnOutageLeavesTheDropsForTheNextRun() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            sandbox.script(Array(repeating: .status(503), count: 1000))
            for number in 0..<10 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            try await stage.makeService(once: true).run()
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(try Stage.names(in: stage.work).count == 10)
            #expect(stage.pauses == 1)
            sandbox.reset()
            try await stage.makeService(once: true).run()
            #expect(stage.filed.count == 10 && stage.filed.allSatisfy { $0.outcome == .accepted })
        }
    }
}

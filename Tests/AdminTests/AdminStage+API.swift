import Foundation
import JSONText
import Model
import Subprocess
import SystemPackage
import TestSupport

/// What tests of the JSON API and of metrics ask.
extension AdminStage {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    func post(_ path: String, _ text: String = "", token: String? = token) async throws -> Page {
        let authorization = token.map { ["Authorization": "Bearer \($0)"] as KeyValuePairs } ?? [:]
        return try await send("POST", path, headers: authorization, body: text.isEmpty ? nil : text)
    }

    /// Drops a document of one account, and waits until it is filed.
    func drop(_ name: String, _ reference: String, amount: String = "1.50") async throws {
        try await drop(AdminStage.account(reference, amount: amount), as: name)
    }

    /// The identifier of the newest drop of a name.
    func id(of name: String) async throws -> String {
        let drops = try await get("/api/v1/drops").json()["drops"]
        let drop = drops?.elements.first { $0["name"]?.string == name }
        return drop?["id"]?.string ?? ""
    }

    struct Ended: Sendable {
        var isSuccess: Bool
        var output: String
    }

    /// Runs a program of the tests' Python packages (`scripts/setup --tests`).
    ///
    /// It runs in a folder of its own, for what it leaves behind.
    static func python(_ program: String, _ arguments: [String], input: String = "") async throws -> Ended {
        let folder = try TemporaryFolder()
        let path = repository.appendingPathComponent(".build/python/bin/\(program)").path
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), workingDirectory: folder.path,
            input: .string(input), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return Ended(
            isSuccess: result.terminationStatus.isSuccess,
            output: result.standardOutput + result.standardError)
    }
}

extension AdminStage.Page {
    /// The body as JSON.
    func json() throws -> JSONValue { try JSONDocument(parsing: Array(body.utf8)).root }
}

import ArgumentParser
import Delivery
import FileSystem
import Service
import SluiceConfiguration

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Work on the configuration.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check the configuration, schemas, folders, permissions and credentials.",
            discussion: "Exit status: 0 if the service could start with it; 78 otherwise, with every problem listed.")

        @OptionGroup var option: ConfigurationOption

        func run() async throws {
            let configuration = try option.load()
            var problems: [String] = []
            let environment = UnitSurroundings.environment(of: configuration.source)
            // systemd reads credentials as root; everything else is up to the service's user.
            let credentials = await credentialProblems(configuration, environment, handedOver: true)
            try StateOwner.takeOn(configuration.state.nearestThatExists)
            // These say for themselves where they stand.
            let placed = placedProblems(configuration)
            problems += schemaProblems(configuration)
            problems += folderProblems(configuration)
            problems += configuration.globProblems()
            problems += credentials
            problems += await credentialProblems(configuration, environment, handedOver: false)
            for inbox in configuration.expandedInboxes() {
                for remark in FolderCheck.remarks(on: inbox) {
                    Output.line("\(configuration.source): warning: inbox \(inbox.name): \(remark)")
                }
            }
            for warning in configuration.warnings { Output.line("\(configuration.source): warning: \(warning)") }
            for problem in placed { Output.error(problem.description) }
            for problem in problems { Output.error("\(configuration.source): \(problem)") }
            if !problems.isEmpty || !placed.isEmpty { throw Exit.badConfiguration }
            let inboxes = configuration.expandedInboxes()
            Output.line("\(configuration.source): ok, \(inboxes.count) inbox\(inboxes.count == 1 ? "" : "es")")
        }

        private func placedProblems(_ configuration: Configuration) -> [ConfigurationProblem] {
            var problems: [ConfigurationProblem] = []
            let state = configuration.state
            // systemd makes the one that a unit names.
            let isMade = UnitSurroundings.makes(state, for: configuration.source) && FileStatus(at: state) == nil
            if !isMade, let problem = StateCheck.problem(of: state) {
                problems.append(configuration.problem(problem, key: "state"))
            }
            if let ca = configuration.api.ca, let problem = AuthorityFile.problem(of: ca) {
                problems.append(configuration.problem(problem, key: "api.ca"))
            }
            return problems
        }

        private func schemaProblems(_ configuration: Configuration) -> [String] {
            do throws(CannotStart) {
                let library = try SchemaLibrary(configuration)
                var problems: [String] = []
                for inbox in configuration.expandedInboxes() {
                    do throws(CannotStart) {
                        _ = try library.judge(for: inbox, configuration)
                    } catch {
                        problems.append("inbox \(inbox.name): \(error)")
                    }
                }
                return problems
            } catch {
                return ["schemas: \(error)"]
            }
        }

        private func folderProblems(_ configuration: Configuration) -> [String] {
            configuration.expandedInboxes().flatMap { inbox in
                FolderCheck.problems(of: inbox).map { "inbox \(inbox.name): \($0)" }
            }
        }

        /// - Parameter handedOver: whether those that systemd hands over are looked at, or the others.
        private func credentialProblems(
            _ configuration: Configuration, _ environment: [String: String], handedOver: Bool
        ) async -> [String] {
            var problems: [String] = []
            let sources: [(String, SecretSource?)] = [
                ("api.clientID", configuration.api.clientID), ("api.clientSecret", configuration.api.clientSecret),
                ("admin.token", configuration.admin?.token),
            ]
            for (key, source) in sources {
                guard let source else { continue }
                var isCredential = false
                if case .credential = source { isCredential = true }
                guard isCredential == handedOver else { continue }
                do throws(SecretError) {
                    _ = try await source.resolve(environment: environment)
                } catch {
                    problems.append("\(key): \(error)")
                }
            }
            return problems
        }
    }
}

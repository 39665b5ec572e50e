import ArgumentParser
import Foundation
import Ledger
import Model
import Service
import SluiceConfiguration

struct AuditCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check that every drop of the ledger is in exactly one place, whole: size, content, result.",
        discussion: """
            The last line is the state of the chain over closed drops. Write it down elsewhere, and give it back later as \
            --anchor: a ledger that was changed since, or put back to an earlier state, shows.
            Exit status: 0; 1 with a list of what is not as the ledger says.
            """)

    @OptionGroup var option: ConfigurationOption

    @Option(help: "Drops that ended since then: a date (2026-11-24), a moment, or a time ago (12h, 7d).")
    var since: AuditStart?

    @Option(help: "A state of the chain that an earlier audit printed: COUNT:HASH.")
    var anchor: ChainReport.Anchor?

    @Flag(help: "Print JSON.") var json = false

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        let audit = try Audit.run(Administration(configuration), since: since?.time, anchor: anchor)
        if json {
            Output.line(AuditCommand.json(audit))
        } else {
            for finding in audit.findings {
                let drop = finding.drop.map { " (drop \($0.text))" } ?? ""
                Output.line("\(finding.spot): \(Output.colored(finding.message, .red))\(drop)")
            }
            for finding in audit.chain.findings {
                let drop = finding.drop.map { " (drop \($0.text))" } ?? ""
                Output.line("ledger: \(Output.colored(finding.message, .red))\(drop)")
            }
            let word = audit.isClean ? "all is as the ledger says" : "\(audit.count) not as the ledger says"
            Output.line("\(audit.drops) drops, \(audit.files) files: \(word)")
            Output.line("closed drops: \(audit.chain.anchor)")
        }
        if !audit.isClean { throw Exit.notAsTheLedgerSays }
    }

    private static func json(_ audit: Audit) -> String {
        var json = JSONWriter(indented: true)
        json.object {
            $0.member("drops", audit.drops)
            $0.member("files", audit.files)
            $0.member("findings") { json in
                json.array { list in
                    for finding in audit.findings {
                        list.element { json in
                            json.object {
                                $0.member("drop", finding.drop?.text)
                                $0.member("inbox", finding.inbox)
                                $0.member("path", finding.spot.description)
                                $0.member("message", finding.message)
                            }
                        }
                    }
                    for finding in audit.chain.findings {
                        list.element { json in
                            json.object {
                                $0.member("drop", finding.drop?.text)
                                $0.member("inbox", nil)
                                $0.member("path", nil)
                                $0.member("message", finding.message)
                            }
                        }
                    }
                }
            }
            $0.member("chain") { json in
                json.object {
                    $0.member("closings", audit.chain.count)
                    $0.member("head", audit.chain.anchor)
                }
            }
        }
        return json.text
    }
}

/// `--since` of an audit.
struct AuditStart: ExpressibleByArgument {
    let time: Timestamp

    init?(argument: String) {
        if let match = argument.wholeMatch(of: /([0-9]+)([smhd])/), let count = Int64(match.1) {
            let unit: Int64 = ["s": 1, "m": 60, "h": 3600, "d": 86_400][match.2] ?? 1
            time = SystemTime().timestamp + .seconds(-count * unit)
            return
        }
        let isDay = argument.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil
        guard let parsed = Timestamp(rfc3339: isDay ? argument + "T00:00:00Z" : argument) else { return nil }
        time = parsed
    }
}

extension ChainReport.Anchor: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

import Foundation
import Logging
import Model
import SluiceConfiguration
import Synchronization
import SystemPackage

/// Writes the log, a line an event: as text for people, or as JSON for machines.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    private let style: LogStyle
    /// One logger's own level, where it was given one.
    private var ownLevel: Logger.Level?
    private let output: LogOutput
    private let isJournal: Bool
    private let time = SystemTime()

    init(_ style: LogStyle, output: LogOutput = .standardError) {
        self.style = style
        self.output = output
        isJournal = JournalStream.isBehind(output.descriptor.rawValue)
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? style.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let lost = output.write(
            line(event.level, event.message, metadata.merging(event.metadata ?? [:]) { $1 }))
        if lost > 0 {
            _ = output.write(line(.warning, "the log could not be written", ["lostLines": "\(lost)"]))
        }
    }

    private func line(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        let line =
            switch style.format {
            case .text: text(level, message, metadata)
            case .json: json(level, message, metadata)
            }
        return isJournal ? level.journalPrefix + line : line
    }

    private func text(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        let name = level.rawValue.uppercased()
        var line = isJournal ? "" : "\(time.timestamp) "
        line += "\(name)\(String(repeating: " ", count: max(0, 8 - name.count))) \(message)"
        for (key, value) in LineLogHandler.ordered(metadata) {
            line += " \(key)=\(LineLogHandler.quoted(value.description))"
        }
        return line
    }

    private func json(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        var json = JSONWriter()
        json.object {
            $0.member("time", time.timestamp.description)
            $0.member("level", level.rawValue)
            $0.member("message", message.description)
            for (key, value) in LineLogHandler.ordered(metadata) { $0.member(key, value.description) }
        }
        return json.text
    }

    /// What a person looks for first comes first, the rest by name.
    private static func ordered(_ metadata: Logger.Metadata) -> [(String, Logger.MetadataValue)] {
        let first = ["inbox", "drop", "name", "reference", "attempt", "method", "path", "status", "code", "outcome"]
        return metadata.sorted { left, right in
            let ranks = (first.firstIndex(of: left.key) ?? first.count, first.firstIndex(of: right.key) ?? first.count)
            return ranks.0 == ranks.1 ? left.key < right.key : ranks.0 < ranks.1
        }.map { ($0.key, $0.value) }
    }

    /// Quoted where a space or a quote would make the line ambiguous; nothing in it can end the line, nor the quotes.
    private static func quoted(_ value: String) -> String {
        // By scalars: a quote and a combining mark are one Character, and two for whoever reads the line.
        let safe = FileName.escaped(value.utf8).unicodeScalars
        guard safe.isEmpty || safe.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else {
            return String(safe)
        }
        var text = "\""
        for scalar in safe {
            if scalar == "\"" || scalar == "\\" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}

/// How the log is written now; a reload may change it.
final class LogStyle: Sendable {
    private let log: Mutex<Configuration.Log>

    init(_ log: Configuration.Log) {
        self.log = Mutex(log)
    }

    var format: Configuration.Log.Format { log.withLock { $0.format } }
    var level: Logger.Level { Logger.Level(rawValue: log.withLock { $0.level.rawValue }) ?? .info }

    func change(_ new: Configuration.Log) {
        log.withLock { $0 = new }
    }
}

extension Logger {
    /// The log as the configuration wants it.
    init(_ log: Configuration.Log, output: LogOutput = .standardError) {
        self.init(LogStyle(log), output: output)
    }

    init(_ style: LogStyle, output: LogOutput = .standardError) {
        self.init(label: "sluice") { _ in LineLogHandler(style, output: output) }
    }
}

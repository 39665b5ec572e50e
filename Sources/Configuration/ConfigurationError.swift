import SystemPackage

/// Everything that is wrong with a configuration.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// In the order of the file, at least one.
    package let problems: [ConfigurationProblem]

    package init(problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One line for each problem.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// One thing that is wrong with a configuration, and where.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    package let file: FilePath
    /// Counted from 1; `nil` where the file as a whole is meant.
    package let line: Int?
    /// Counted from 1 in Unicode scalars.
    package let column: Int?
    /// `inboxes[0].settle`; empty where no key is meant.
    package let keyPath: String
    package let message: String

    package init(file: FilePath, line: Int?, column: Int?, keyPath: String, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.message = message
    }

    /// `sluice.yaml:14:5: inboxes[0].settle: "1 sec" is not a duration; write 500ms, 1s, 5m, 2h or 90d`.
    package var description: String {
        let place = [file.string, line.map(String.init), column.map(String.init)].compactMap(\.self)
        let parts = [place.joined(separator: ":"), keyPath, message]
        return parts.filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

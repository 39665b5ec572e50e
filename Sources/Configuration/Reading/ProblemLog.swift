import SystemPackage
import Yams

/// A line and a column of the file, both counted from 1.
package struct Place: Sendable, Equatable, Comparable {
    var line: Int
    var column: Int

    static let start = Place(line: 1, column: 1)

    package static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

extension Place {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}

/// Collects what is wrong while a file is read, so that a reader can go on to the next key.
final class ProblemLog {
    let file: FilePath
    private var problems: [ConfigurationProblem] = []
    /// Where keys stand, by their paths.
    private(set) var places: [String: Place] = [:]

    init(file: FilePath) {
        self.file = file
    }

    func note(_ place: Place, of key: String) {
        places[key] = place
    }

    func add(_ message: String, at place: Place?, key: String) {
        problems.append(
            ConfigurationProblem(
                file: file, line: place?.line, column: place?.column, keyPath: key, message: message))
    }

    /// The error with a last problem after which nothing more can be read.
    func stop(_ message: String, at place: Place?, key: String = "") -> ConfigurationError {
        add(message, at: place, key: key)
        return error
    }

    /// Throws if anything was added.
    func check() throws(ConfigurationError) {
        if !problems.isEmpty { throw error }
    }

    /// Everything so far, in the order of the file.
    var error: ConfigurationError {
        let order = problems.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            return (a.line ?? 0, a.column ?? 0, left.offset) < (b.line ?? 0, b.column ?? 0, right.offset)
        }
        return ConfigurationError(problems: order.map(\.element))
    }
}

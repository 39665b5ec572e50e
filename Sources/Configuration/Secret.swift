/// A text that no log, error, description or dump shows.
package struct Secret: Sendable, Equatable {
    /// A function and not a stored text, so that a mirror finds nothing to print.
    private let text: @Sendable () -> String

    package init(_ text: String) {
        self.text = { text }
    }

    /// The text itself, for the one place that must send it.
    package func reveal() -> String {
        text()
    }

    package static func == (left: Secret, right: Secret) -> Bool {
        left.text() == right.text()
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "[secret]" }
    package var debugDescription: String { "[secret]" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

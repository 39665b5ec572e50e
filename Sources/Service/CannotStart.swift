/// Why the service cannot start, in a person's words.
package struct CannotStart: Error, CustomStringConvertible {
    package let description: String
    /// Whether what the operator wrote is wrong, and not this machine.
    package let isConfiguration: Bool

    init(_ description: String, isConfiguration: Bool = false) {
        self.description = description
        self.isConfiguration = isConfiguration
    }
}

import SystemPackage

/// Where a secret is found. The file names the place and never holds the secret.
package enum SecretSource: Sendable, Equatable {
    /// The environment variable of this name.
    case env(String)
    /// A file whose content, without its last line end, is the secret.
    case file(FilePath)
    /// A file of this name in `$CREDENTIALS_DIRECTORY`, as systemd passes credentials.
    case credential(String)
    /// A program and its arguments, run without a shell; its output, trimmed, is the secret.
    case command([String])
    /// A value that is no secret and stands in the file: a client id.
    case literal(String)
}

import SystemPackage
import Yams

extension Field {
    /// Where a secret is found; only where `literal` is allowed may the value itself stand in the file.
    ///
    /// No message shows what is written here: it may be the secret.
    func secretSource(literal: Bool) -> SecretSource? {
        let ways = "{env: NAME}, {file: PATH}, {credential: NAME} or {command: [PROGRAM, ARGUMENT…]}"
        if case .scalar(let scalar) = node, !scalar.isNull {
            if literal { return text().map(SecretSource.literal) }
            problem("a secret does not belong in this file; write \(ways)")
            return nil
        }
        guard let section = Section(self, .secret) else { return nil }
        let found = Shape.secret.keys.compactMap { section[$0] }
        guard found.count == 1 else {
            problem(
                found.isEmpty ? "names no source; write \(ways)" : "names more than one source; write one of \(ways)")
            return nil
        }
        if let field = section["env"] { return field.variableName().map(SecretSource.env) }
        if let field = section["file"] { return field.filePath().map(SecretSource.file) }
        if let field = section["credential"] { return field.credentialName().map(SecretSource.credential) }
        return section["command"]?.commandLine().map(SecretSource.command)
    }

    private func variableName() -> String? {
        guard let text = text() else { return nil }
        guard text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil else {
            problem("is not the name of an environment variable; write the name, not the value")
            return nil
        }
        return text
    }

    private func credentialName() -> String? {
        guard let text = text() else { return nil }
        guard !text.contains("/"), text != ".", text != ".." else {
            problem("is not the name of a credential; write a file's name in $CREDENTIALS_DIRECTORY, without a slash")
            return nil
        }
        return text
    }
}

import SystemPackage

extension Configuration.Inbox {
    /// The inbox that a glob inbox is for one folder: `{1}`, `{2}`… in name, scope and folders stand for what the
    /// pattern's stars stood for. `nil` where the folder does not match.
    ///
    /// As in a shell, a star stands for any text within one component, but not for the dot that a hidden name begins
    /// with; nor for nothing.
    package func instance(at folder: FilePath) -> Configuration.Inbox? {
        guard isGlob, let texts = PathPattern(path).texts(in: folder) else { return nil }
        var inbox = Defaults.inbox(name: texts.fill(name), path: folder)
        let (folders, instanceName) = ((inbox.done, inbox.failed, inbox.work), inbox.name)
        inbox = self
        inbox.name = instanceName
        inbox.path = folder
        inbox.scope = texts.fill(scope)
        inbox.done = done.map { FilePath(texts.fill($0.string)) } ?? folders.0
        inbox.failed = failed.map { FilePath(texts.fill($0.string)) } ?? folders.1
        inbox.work = work.map { FilePath(texts.fill($0.string)) } ?? folders.2
        return inbox
    }
}

/// A path with stars in it.
struct PathPattern {
    /// Each component in pieces between its stars.
    private let components: [[Substring]]
    let stars: Int

    init(_ path: FilePath) {
        components = path.components.map { $0.string.split(separator: "*", omittingEmptySubsequences: false) }
        stars = components.reduce(0) { $0 + $1.count - 1 }
    }

    /// What the stars stand for in a path, or `nil` where it does not match. A star takes as little as it can.
    func texts(in path: FilePath) -> StarTexts? {
        let names = path.components.map(\.string)
        guard names.count == components.count else { return nil }
        var texts: [String] = []
        for (pieces, name) in zip(components, names) {
            guard let found = Self.match(pieces[...], name[...], isStart: true) else { return nil }
            texts += found
        }
        return StarTexts(texts: texts)
    }

    /// Whether a path may match both patterns; it may say yes where two components have several stars.
    func mayOverlap(_ other: PathPattern) -> Bool {
        guard components.count == other.components.count else { return false }
        return zip(components, other.components).allSatisfy { left, right in
            switch (left.count, right.count) {
            case (1, 1): left == right
            case (1, _): Self.match(right[...], left[0], isStart: true) != nil
            case (_, 1): Self.match(left[...], right[0], isStart: true) != nil
            default:
                Self.agree(left[0], right[0]) { $0.hasPrefix($1) }
                    && Self.agree(left[left.count - 1], right[right.count - 1]) { $0.hasSuffix($1) }
            }
        }
    }

    private static func agree(
        _ left: Substring, _ right: Substring, _ contains: (Substring, Substring) -> Bool
    ) -> Bool {
        contains(left, right) || contains(right, left)
    }

    private static func match(_ pieces: ArraySlice<Substring>, _ name: Substring, isStart: Bool) -> [String]? {
        guard let first = pieces.first, name.hasPrefix(first) else { return nil }
        let rest = name.dropFirst(first.count)
        guard pieces.count > 1 else { return rest.isEmpty ? [] : nil }
        if isStart, first.isEmpty, rest.hasPrefix(".") { return nil }
        var length = 1
        while length <= rest.count {
            if let tail = match(pieces.dropFirst(), rest.dropFirst(length), isStart: false) {
                return [String(rest.prefix(length))] + tail
            }
            length += 1
        }
        return nil
    }
}

/// The texts that the stars of a pattern stand for.
struct StarTexts: Equatable {
    let texts: [String]

    /// The template with `{1}`, `{2}`… filled in.
    func fill(_ template: String) -> String {
        template.replacing(/\{([0-9]+)\}/) { match in
            guard let number = Int(match.1), texts.indices.contains(number - 1) else { return String(match.0) }
            return texts[number - 1]
        }
    }

    /// The numbers in braces of a template: 1 for `{1}`.
    static func numbers(in template: String) -> Set<Int> {
        Set(template.matches(of: /\{([0-9]+)\}/).compactMap { Int($0.1) })
    }
}

import Crypto
import Documents
import FileSystem
import Ledger
import Model
import SystemPackage

extension Administration {
    /// The file of a filed drop, in its inbox's own folder, links not followed.
    ///
    /// - Returns: `nil` where it is not there any more, is no regular file, or belongs to a later drop of that name.
    /// - Throws: ``SystemCallError``; what reading the ledger throws.
    package func file(of entry: DropEntry) throws -> OpenFile? {
        guard let (folder, name) = try spot(of: entry) else { return nil }
        return try open(name, in: folder)
    }

    /// Whether a filed drop's file still lies in its folder.
    ///
    /// - Throws: as ``file(of:)``.
    package func isThere(_ entry: DropEntry) throws -> Bool {
        guard let (folder, name) = try spot(of: entry) else { return false }
        return try folder.status(of: name) != nil
    }

    /// The result of a decided drop: the sidecar's text, else what it would say.
    ///
    /// - Throws: as ``file(of:)``.
    package func resultText(of entry: DropEntry) throws -> [UInt8]? {
        if let (folder, name) = try spot(of: entry), let file = try open(name.sidecar, in: folder) {
            return try file.bytes(at: 0, count: Int(file.status().size))
        }
        return try result(of: entry).map(\.sidecar)
    }

    /// The result of a decided drop, as far as it is shown.
    package func result(of entry: DropEntry) throws -> DropResult? {
        guard let result = try ledger.result(of: entry.drop.id) else { return nil }
        guard let kind = result.kind, !result.alreadyAccepted.isEmpty else { return result }
        let fields = sensitiveFields(of: entry.drop.inbox)
        let isHidden = kind.identityFields.contains { fields.contains($0) }
        return isHidden ? result.withoutRecords(showing: QuotingText.mask) : result
    }

    private func spot(of entry: DropEntry) throws -> (Directory, FileName)? {
        guard entry.isFiled, entry.removedAt == nil, let paths = paths(of: entry.drop.inbox),
            let outcome = entry.outcome,
            let name = entry.filedName, !name.bytes.contains(UInt8(ascii: "/")),
            try ledger.drop(filedAs: name, in: outcome.folder, of: entry.drop.inbox)?.drop.id == entry.drop.id
        else { return nil }
        do throws(SystemCallError) {
            return (try Directory(opening: paths.path(of: outcome.folder)), name)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    private func open(_ name: FileName, in folder: Directory) throws(SystemCallError) -> OpenFile? {
        guard try folder.status(of: name)?.form == .regular else { return nil }
        do throws(SystemCallError) {
            let file = try OpenFile(reading: name, in: folder)
            return try file.status().form == .regular ? file : nil
        } catch {
            // It went, or was swapped for a link, since the look.
            if error.errno == .noSuchFileOrDirectory || error.errno == .tooManySymbolicLinkLevels { return nil }
            throw error
        }
    }
}

extension Administration {
    /// The lines that a failed drop's findings are in, as far as its file still has what was judged.
    ///
    /// - Parameters:
    ///   - findings: of how many of the first.
    ///   - limit: a longer file is not read.
    /// - Returns: `nil` where the file is too long, is gone, or has changed.
    /// - Throws: as ``file(of:)``.
    package func lines(
        around findings: Int, of entry: DropEntry, hiding fields: SensitiveFields, limit: Int64
    ) throws -> [SourceExcerpt.Place: [SourceExcerpt.Line]]? {
        guard let problem = entry.problem, entry.drop.bytes <= limit else { return nil }
        let places = problem.findings.prefix(findings).compactMap(\.place)
        guard !places.isEmpty, let file = try file(of: entry), try file.status().size == entry.drop.bytes else {
            return nil
        }
        let text = try file.bytes(at: 0, count: Int(entry.drop.bytes))
        guard Array(SHA256.hash(data: text)) == entry.sha256 else { return nil }
        let excerpt = SourceExcerpt(
            of: text, at: places, hiding: fields, width: 140, isBroken: problem.code.stage == .convert)
        return Dictionary(places.map { ($0, excerpt.lines(at: $0)) }) { first, _ in first }
    }
}

extension Finding {
    package var place: SourceExcerpt.Place? {
        line.map { SourceExcerpt.Place(line: max(1, $0), column: max(1, column ?? 1)) }
    }
}

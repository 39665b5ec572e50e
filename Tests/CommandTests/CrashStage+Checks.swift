#if KILL_POINTS
    import Foundation
    import Model
    import Sandbox
    import TestSupport
    import Testing

    /// The promises (contract, section 11), looked at in the folders and on the API's books.
    extension CrashStage {
        /// Every drop is in exactly one place, and whole; what lies in `done` and `failed` has a result that agrees.
        ///
        /// Between two file systems a move is a copy and then a removal: a drop of such an inbox may be in both places, for
        /// the death of one catches others at any step.
        ///
        /// - Parameter copies: how many other drops may be in two places: between a copy and the end of its original.
        func expectOnePlaceEach(copies: Int = 0) throws {
            let files = files()
            let found = Dictionary(grouping: files, by: \.sha256)
            for (hash, count) in dropped {
                #expect(found[hash]?.count ?? 0 >= count, "lost: \(hash)")
            }
            for (hash, files) in found where dropped[hash] == nil {
                Issue.record("nobody dropped \(files.map(\.url.path)) as it is, \(hash)")
            }
            let twice = found.filter { hash, files in files.count > dropped[hash] ?? 0 }
            let crossing = twice.filter { _, files in
                Set(files.map(\.folder)).count == files.count
                    && files.allSatisfy { ["far", "partner"].contains($0.inbox) }
            }
            let extra = files.count - dropped.values.reduce(0, +)
            let allowed = copies + crossing.values.reduce(0) { $0 + $1.count - 1 }
            #expect(0...allowed ~= extra, "\(extra) drops too many: \(twice.values.flatMap(\.self).map(\.url.path))")
            for file in files where file.folder == "done" || file.folder == "failed" { try expectResult(of: file) }
        }

        /// Every file is whole, and was dropped; results may stand alone where their drop has just gone.
        func expectNothingButWhatWasDropped() throws {
            for file in files() {
                #expect(dropped[file.sha256] != nil, "nobody dropped \(file.url.path) as it is")
                try expectResult(of: file)
            }
        }

        /// Whether `done` and `failed` are empty, results included.
        func hasNothingFiled() -> Bool {
            CrashStage.inboxes.flatMap { folders(of: $0) }.filter { $0.name == "done" || $0.name == "failed" }
                .allSatisfy { CrashStage.entries(below: $0.url).isEmpty }
        }

        private func expectResult(of file: File) throws {
            let text = try #require(FileManager.default.contents(atPath: file.sidecar.path), "\(file.url.path)")
            let result = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
            let drop = try #require(result["drop"] as? [String: Any])
            // A file that was never read whole has no hash in the ledger.
            if let sha256 = drop["sha256"] as? String { #expect(sha256 == file.sha256, "\(file.url.path)") }
            let outcome = try #require(result["outcome"] as? String)
            #expect((outcome == "failed") == (file.folder == "failed"), "\(file.url.path): \(outcome)")
            if DropSet.isBad(file.name) { #expect(outcome == "failed") }
        }

        /// All has come to its end, and nothing else is left.
        ///
        /// - Parameter mayKeepBodies: where a document that was accepted in part may come back.
        func expectTheEnd(mayKeepBodies: Bool = false) async throws {
            try expectOnePlaceEach()
            for inbox in CrashStage.inboxes {
                for (name, url) in folders(of: inbox) {
                    let entries = CrashStage.entries(below: url)
                    if name == "inbox" || name == ".work" {
                        #expect(entries.isEmpty, "\(url.path)")
                    } else {
                        // No result without its drop, no half a copy.
                        let names = Set(entries)
                        for entry in entries {
                            let drop = entry.hasSuffix(".result.json") ? String(entry.dropLast(12)) : entry
                            #expect(names.contains(drop) && !entry.hasPrefix("."), "\(url.path)/\(entry)")
                        }
                    }
                }
            }
            for file in files() {
                #expect((file.folder == "failed") == DropSet.isBad(file.name), "\(file.url.path)")
            }
            let bodies = CrashStage.entries(below: folder.url.appendingPathComponent("state/bodies"))
            #expect(mayKeepBodies || bodies.isEmpty, "kept bodies that nobody will send again")
            let audit = try await audit()
            #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
        }

        /// The API took everything that is good, each reference once, and under one body only.
        func expectBooks() {
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            #expect(sandbox.ambiguousReferences.isEmpty)
            let books = sandbox.books
            for set in sets {
                for (account, times) in set.accounts { #expect(books.accounts[account]?.times == times, "\(account)") }
                #expect(books.accounts["A-\(set.name)"]?.record.contains(#""outstandingAmount":2"#) == true)
                for claim in set.claims { #expect(books.claims[claim]?.times == 1, "\(claim)") }
            }
            guard !sets.isEmpty else { return }
            let entries = [(books.payments, \DropSet.payments), (books.attachments, \DropSet.attachments)]
            for (entries, expected) in entries {
                #expect(entries.allSatisfy { $0.count == 1 })
                #expect(entries.map(\.clientReferenceId).sorted() == sets.flatMap { $0[keyPath: expected] }.sorted())
            }
            #expect(!books.accounts.keys.contains { $0.contains("BAD") || $0.contains("HALF") })
        }
    }
#endif

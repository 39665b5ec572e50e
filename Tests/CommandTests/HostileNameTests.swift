import Foundation
import Sandbox
import TestSupport
import Testing

@testable import sluice

/// Names that are made to break logs, terminals, JSON, HTML and shells, through the program as it is used.
@Suite(.timeLimit(.minutes(10))) struct HostileNameTests {
    /// What a name is around: each is used for a good document, a bad one, and a file of no form.
    private static let stems: [[UInt8]] =
        [
            "new\nline", "carriage\rreturn", "tab\tbell\u{7}", "\u{1B}[2J\u{1B}]0;title\u{7}red\u{1B}[31m",
            "c1\u{9B}31m\u{85}", "del\u{7F}", "bidi\u{202E}nosj\u{2066}x\u{2069}\u{200E}\u{200F}\u{61C}",
            "zero\u{200B}width\u{2060}\u{FEFF}\u{AD}", "lines\u{2028}and\u{2029}paragraphs", "tag\u{E0041}\u{E0042}",
            "quote\"\u{301}", "quote\"\u{20DD} outcome=accepted", "space \u{301}name=other", "equals=\u{301}x",
            "backslash\\\u{301}\\\"", "'\u{301}single", "colon: \u{301}yaml", "$(reboot)", "`reboot`", "; rm -rf ~",
            "| tee x", "&& false", "-rf", "--help", "%n%s%x%99999999d", "{{mustache}}", "{{{raw}}}", "${jndi:ldap:x}",
            "<script>alert(1)<!--", "\"><img src=x onerror=alert(1)>", "' OR 1=1; DROP TABLE drops; --", "CON",
            "NUL.txt",
            "trailing dot.", "trailing space ", "x.result.json", "orders", "orders.2", "orders.3", "1",
            "2", "level=error time=1970-01-01", "\\x0a", "\\u000a", "*?[a]", "~tilde", "émoji 🏴‍☠️", "e\u{301}",
            "\u{E9}",
        ].map { Array($0.utf8) } + [
            [0xFF, 0xFE], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80, 0x22, 0xCC, 0x81],
            Array(repeating: 0x6E, count: 250), Array(repeating: 0x22, count: 250),
            Array(String(repeating: "\u{301}", count: 125).utf8), Array(repeating: 0x1B, count: 250),
        ]

    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static func account(_ reference: Int, amount: String) -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":\#(amount)}]}"#
    }

    private static func create(_ name: [UInt8], _ content: String, in folder: URL) throws {
        let path = Array(folder.path.utf8) + [UInt8(ascii: "/")] + name + [0]
        let file = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_WRONLY | O_CREAT | O_EXCL, 0o644) }
        }
        try #require(file >= 0, "\(name): errno \(errno)")
        let bytes = Array(content.utf8)
        try #require(write(file, bytes, bytes.count) == bytes.count)
        close(file)
    }

    /// The names in a folder as bytes: Foundation leaves out what is not UTF-8.
    private static func names(in folder: URL) -> Set<[UInt8]> { names(at: Array(folder.path.utf8)) }

    private static func names(at folder: [UInt8]) -> Set<[UInt8]> {
        let path = folder.map(CChar.init(bitPattern:)) + [0]
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: Set<[UInt8]> = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strnlen($0, 256)))
                }
            }
            if name != [0x2E], name != [0x2E, 0x2E] { names.insert(name) }
        }
        return names
    }

    /// Nothing that moves the cursor, ends a line or turns the direction of what follows.
    private static func expectHarmless(_ text: String, _ what: String) {
        for scalar in text.unicodeScalars where !["\n", "\u{200C}", "\u{200D}"].contains(scalar) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                Issue.record("\(what) shows U+\(String(scalar.value, radix: 16))")
                return
            default: break
            }
        }
    }

    /// What a reader of `key=value` makes of a line of the log.
    private static func fields(_ line: Substring) -> [(key: String, value: String)] {
        var fields: [(String, String)] = []
        var rest = line.unicodeScalars[...]
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].reversed().prefix { $0 != " " }.reversed()
            rest = rest[rest.index(after: equals)...]
            var value = String.UnicodeScalarView()
            if rest.first == "\"" {
                rest.removeFirst()
                while let next = rest.popFirst(), next != "\"" {
                    value.append(next == "\\" ? rest.popFirst() ?? next : next)
                }
            } else {
                while let next = rest.first, next != " " {
                    value.append(next)
                    rest.removeFirst()
                }
            }
            var word = ""
            word.unicodeScalars.append(contentsOf: key)
            fields.append((word, String(value)))
        }
        return fields
    }

    private static let endings = [".json", ".bad.json", ".bin"]

    /// Where drops of these names were filed, by their folder.
    private static func dropAndFile(log: String, _ folder: TemporaryFolder, _ address: SandboxAddress) async throws
        -> (log: String, names: [String: Set<[UInt8]>])
    {
        let inbox = try folder.subfolder("erp/inbox")
        try folder.url.write(
            "log: {format: \(log)}\n"
                + CommandTests.configuration(
                    api: address.baseURL,
                    inbox: "settle: 0s, partialGrace: 0s, attachments: {name: \"{clientReferenceId}\"}"),
            as: "sluice.yaml")
        var expected: [String: Set<[UInt8]>] = ["done": [], "failed": []]
        for (number, stem) in stems.enumerated() where stem.first != UInt8(ascii: "~") {
            for (index, ending) in endings.enumerated() {
                let name = Array(stem.prefix(255 - ending.utf8.count)) + Array(ending.utf8)
                let content =
                    switch index {
                    case 0: account(number, amount: "1")
                    case 1: account(number, amount: "-5")
                    default: "no attachment"
                    }
                try create(name, content, in: inbox)
                expected[index == 0 ? "done" : "failed"]?.insert(name)
            }
        }
        let ended = try await Program.run(["run", "--once"], in: folder.url, environment: environment)
        #expect(ended.status == 1)
        #expect(names(in: inbox) == [])
        #expect(names(in: folder.url.appendingPathComponent("erp/.work")) == [])
        return (ended.errors, expected)
    }

    @Test func eachIsFiledUnderItsOwnBytesWithAResultThatFitsItsSchema() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let (log, expected) = try await Self.dropAndFile(log: "text", folder, address)
            let schemas = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("schemas")
            for (name, drops) in expected {
                let filed = Self.names(in: folder.url.appendingPathComponent("erp/\(name)"))
                #expect(drops.subtracting(filed).isEmpty)
                let results = filed.filter { $0.suffix(12).elementsEqual(".result.json".utf8) }
                #expect(results.count * 2 == filed.count)
            }
            // Results' own names are strange, too: they are looked at under plain ones.
            let copies = try folder.subfolder("copies")
            for name in ["done", "failed"] {
                let list =
                    "find 'erp/\(name)' -name '*.result.json' -print0 | while IFS= read -r -d '' f; do "
                    + "n=$((n+1)); cp -- \"$f\" \"copies/\(name)$n.json\"; done"
                let shell = Process()
                shell.executableURL = URL(fileURLWithPath: "/bin/bash")
                shell.arguments = ["-c", list]
                shell.currentDirectoryURL = folder.url
                try shell.run()
                shell.waitUntilExit()
                #expect(shell.terminationStatus == 0)
            }
            let results = try copies.names
            #expect(results.count >= 2 * (Self.stems.count - 1))
            for result in results {
                let text = try String(contentsOf: copies.appendingPathComponent(result), encoding: .utf8)
                Self.expectHarmless(text, result)
                #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil, "\(text)")
            }
            let check = try await Program.run(
                ["check", "--schema", schemas.appendingPathComponent("result.schema.json").path]
                    + results.map { copies.appendingPathComponent($0).path })
            #expect(check.status == 0, "\(check.output.prefix(1000))")

            Self.expectHarmless(log, "the log")
            let filedLines = log.split(separator: "\n").filter { $0.contains(" filed inbox=erp ") }
            #expect(filedLines.count == results.count)
            for line in log.split(separator: "\n") {
                #expect(line.wholeMatch(of: /[0-9]{4}-[0-9TZ:.-]+ [A-Z]+ +[^=]*( .*)?/) != nil, "\(line)")
                let keys = Self.fields(line).map(\.key)
                #expect(Set(keys).count == keys.count, "\(line)")
            }
            for line in filedLines {
                let keys = Self.fields(line).map(\.key).filter { $0 != "code" && $0 != "reference" }
                #expect(keys == ["inbox", "drop", "name", "outcome", "file"], "\(line)")
            }
        }
    }

    @Test func theJSONLogIsALineAnEventAndTheCommandsShowNothingThatHarms() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let (log, _) = try await Self.dropAndFile(log: "json", folder, address)
            Self.expectHarmless(log, "the log")
            for line in log.split(separator: "\n") {
                let event = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
                #expect(event?["message"] is String, "\(line)")
            }
            for arguments in [
                ["list", "--limit", "1000"], ["list", "--limit", "1000", "--json"], ["status"], ["status", "--json"],
                ["audit"], ["audit", "--json"],
            ] {
                let ended = try await Program.run(arguments, in: folder.url, environment: Self.environment)
                Self.expectHarmless(ended.output + ended.errors, "\(arguments)")
                if arguments[0] == "audit" { #expect(ended.status == 0, "\(ended.output)") }
                if arguments.contains("--json") {
                    #expect((try? JSONSerialization.jsonObject(with: Data(ended.output.utf8))) != nil)
                }
            }
            let list = try await Program.run(
                ["list", "--failed", "--limit", "1000", "--json"], in: folder.url, environment: Self.environment)
            let drops = try #require(
                try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
            for (index, drop) in drops.enumerated() where index % 8 == 0 {
                let id = try #require(drop["id"] as? String)
                for words in [["show", id], ["show", "--json", id], ["retry", id], ["show", id]] {
                    let ended = try await Program.run(words, in: folder.url, environment: Self.environment)
                    #expect(ended.status == 0, "\(words) \(drop)")
                    Self.expectHarmless(ended.output + ended.errors, "\(words)")
                }
            }
        }
    }

    /// What a document says of itself is shown, too: the identity of a record, a key in a pointer, a value.
    @Test func whatADocumentSaysHarmsNoTerminal() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
            let evil = #"\u001b[2J\u202e\u009b31m\u2028\u200b\"\u0301"#
            let keys = [
                #""clientReferenceId": "\#(evil)""#, #""invoiceNumber": 5"#, #""outstandingAmount": "\#(evil)""#,
                #""status": "\#(evil)""#, #""currency": {"\#(evil)": 1}"#, #""\#(evil)": 1"#,
            ]
            try inbox.write("{\"accounts\": [{\(keys.joined(separator: ", "))}]}", as: "a.json")
            try inbox.write("{\"accounts\": [], \"\(evil)\": 1, \"\(evil)\": 2}", as: "twice.json")
            try inbox.write("{\"\(evil)\": []}", as: "kind.json")
            try inbox.write("<accounts><a\u{202E}\u{200B}>&\u{202E};\u{9B}31m</a></accounts>", as: "a.xml")
            try inbox.write("<accounts><a status='\u{202E}x&#x85;'>1</a></accounts>", as: "b.xml")
            let ended = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 1)
            Self.expectHarmless(ended.errors, "the log")
            let failed = folder.url.appendingPathComponent("erp/failed")
            #expect(try failed.names.count == 10)
            for name in try failed.names where !name.hasSuffix(".result.json") {
                Self.expectHarmless(try failed.text(of: name + ".result.json"), "the result of \(name)")
                for words in [["show"], ["show", "--json"], ["check"], ["check", "--json"]] {
                    let shown = try await Program.run(
                        words + ["erp/failed/\(name)"], in: folder.url, environment: Self.environment)
                    Self.expectHarmless(shown.output + shown.errors, "\(words) \(name)")
                }
            }
            let status = try await Program.run(["status"], in: folder.url, environment: Self.environment)
            Self.expectHarmless(status.output, "status")
        }
    }

    /// As a shell hands it over, and in the form in which it is shown.
    @Test func aNameThatIsNotUTF8CanBeNamed() async throws {
        let folder = try TemporaryFolder()
        let inbox = try folder.subfolder("erp/inbox")
        try folder.url.write(
            CommandTests.configuration(api: "http://127.0.0.1:1", inbox: "partialGrace: 0s"), as: "sluice.yaml")
        let name = Array("caf".utf8) + [0xE9] + Array(".json".utf8)
        try Self.create(name, Self.account(1, amount: "-5"), in: inbox)
        #expect(
            try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment).status == 1)
        let script = #"""
            sluice() { "$0" "$@" >/dev/null 2>&1; echo "$1 $?"; }
            sluice show $'erp/failed/caf\xe9.json'
            sluice show $'caf\xe9.json'
            sluice show 'caf\xe9.json'
            sluice show $'caf\xe8.json'
            sluice check $'erp/failed/caf\xe9.json'
            sluice retry $'erp/failed/caf\xe9.json'
            """#
        let said = try Self.bash(script, in: folder)
        #expect(
            said.split(separator: "\n") == ["show 0", "show 0", "show 0", "show 66", "check 65", "retry 0"])
        #expect(Self.names(in: inbox) == [name])
    }

    /// What a script, in which `$0` is the program, wrote to standard output.
    private static func bash(_ script: String, in folder: TemporaryFolder) throws -> String {
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-c", script, Program.executable.path]
        shell.environment = environment
        shell.currentDirectoryURL = folder.url
        shell.standardOutput = output
        try shell.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        return said
    }

    /// However many drops came later, and whether what is shown is the name's own text or stands for a byte.
    @Test func aNameIsFoundBehindAnyNumberOfLaterDrops() async throws {
        let folder = try TemporaryFolder()
        let inbox = try folder.subfolder("erp/inbox")
        try folder.url.write(
            CommandTests.configuration(api: "http://127.0.0.1:1", inbox: "partialGrace: 0s"), as: "sluice.yaml")
        let first: [[UInt8]] = [[0xE9] + Array(".json".utf8), Array(#"C:\out\orders.json"#.utf8)]
        for (number, name) in first.enumerated() {
            try Self.create(name, Self.account(number, amount: "-5"), in: inbox)
        }
        _ = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
        for number in 0...1000 { try inbox.write("{]", as: "later-\(number).json") }
        _ = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
        let script = #"""
            "$0" show '\xe9.json' >/dev/null; echo $?
            "$0" show $'\xe9.json' >/dev/null; echo $?
            "$0" show 'C:\out\orders.json' >/dev/null; echo $?
            "$0" show '\xe8.json' 2>/dev/null; echo $?
            """#
        #expect(try Self.bash(script, in: folder) == "0\n0\n0\n66\n")
    }

    @Test func everyOptionTakesAPathThatIsNotUTF8() async throws {
        let folder = try TemporaryFolder()
        let inbox = try folder.subfolder("erp/inbox")
        try folder.url.write(
            CommandTests.configuration(api: "http://127.0.0.1:1", inbox: "partialGrace: 0s"), as: "sluice.yaml")
        try inbox.write("{}", as: "bad.json")
        try folder.subfolder("samples/erp").write("{}", as: "sample.json")
        let script = #"""
            mkdir $'b\xe9'; mv sluice.yaml $'conf\xe9.yaml'; mv samples $'samples\xe9'
            sluice() { "$0" "$@" >/dev/null 2>&1; echo "$1 $?"; }
            sluice run --once --config $'conf\xe9.yaml'
            sluice backup --config $'conf\xe9.yaml' $'b\xe9/caf\xe9.db'
            sluice backup --config $'conf\xe9.yaml' $'b\xe9/caf\xe9.db'
            sluice demo --samples $'samples\xe9'
            echo maybe > $'script\xe9'
            "$0" sandbox --script $'script\xe9' 2>&1 | grep -c 'script.xe9: line 1'
            coproc "$0" sandbox --listen 127.0.0.1:0 --tls --tls-certificate $'b\xe9/ca\xe9.pem'
            read -r line <&"${COPROC[0]}"
            kill "$COPROC_PID"; wait "$COPROC_PID"
            """#
        let said = try Self.bash(script, in: folder)
        #expect(said.split(separator: "\n") == ["run 1", "backup 0", "backup 69", "demo 0", "1"])
        let made = Self.names(at: Array(folder.url.path.utf8) + [0x2F, 0x62, 0xE9])
        #expect(
            made == [Array("caf".utf8) + [0xE9] + Array(".db".utf8), Array("ca".utf8) + [0xE9] + Array(".pem".utf8)])
    }

    @Test func everyArgumentKeepsItsBytes() {
        for stem in Self.stems + [Array(0...255)] {
            #expect(CommandLine.bytes(ofGiven: CommandLine.given(stem)) == stem)
        }
        #expect(CommandLine.given("é.json".utf8) == "é.json")
    }
}

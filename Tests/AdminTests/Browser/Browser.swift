import FileSystem
import Foundation
import JSONText
import Model
import Subprocess
import Synchronization
import SystemPackage
import TestSupport

/// A headless Chromium with a profile of its own, driven by the DevTools protocol over two pipes, so that it needs no
/// port.
final class Browser: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private struct State {
        var nextID = 1
        var answers: [Int: CheckedContinuation<JSONValue, any Error>] = [:]
        var events: [(method: String, parameters: JSONValue)] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let commands: FileDescriptor

    private init(commands: FileDescriptor) {
        self.commands = commands
    }

    /// Starts a browser, and ends it with the body.
    static func run(_ body: @escaping @Sendable (Browser) async throws -> Void) async throws {
        guard let program else { throw Failure(description: "there is no chromium; scripts/setup --tests installs it") }
        let folder = try TemporaryFolder()
        // What it reads and what it writes. Opened for reading and writing, a pipe waits for nobody.
        let (input, output) = try (pipe(folder, "in"), pipe(folder, "out"))
        let commands = try FileDescriptor.open(input, .readWrite)
        let answers = try FileDescriptor.open(output, .readWrite)
        // Holds the pipe open until the reader was told to end.
        let waker = try FileDescriptor.open(output, .readWrite)
        let browser = Browser(commands: commands)
        let reader = Thread { browser.read(answers) }
        reader.start()
        let arguments =
            [
                "--headless=new", "--remote-debugging-pipe", "--user-data-dir=\(folder.url.path)/profile",
                "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-extensions", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb",
                // Its sandbox wants another user than root.
                "--no-sandbox", "about:blank",
            ]
        // The shell puts the pipes where the browser looks for them, and becomes the browser.
        let script = #"in=$1 out=$2; shift 2; exec "$@" 3<"$in" 4>"$out""#
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(["-c", script, "sh", input.string, output.string, program] + arguments),
            environment: .custom(["PATH": "/usr/bin:/bin", "HOME": .init(folder.url.path), "TZ": "UTC"]),
            input: .none, output: .discarded, error: .discarded
        ) { execution in
            do {
                try await body(browser)
                browser.end(execution.processIdentifier.value)
            } catch {
                browser.end(execution.processIdentifier.value)
                throw error
            }
        }
        _ = result.terminationStatus
        // The reader sees the empty message, and ends.
        _ = try waker.writeAll([0])
        try waker.close()
        try commands.close()
    }

    private static func pipe(_ folder: TemporaryFolder, _ name: String) throws -> FilePath {
        let path = folder.path.appending(name)
        guard mkfifo(path.string, 0o600) == 0 else { throw Failure(description: "mkfifo: \(errno)") }
        return path
    }

    private func end(_ process: pid_t) {
        let waiting = state.withLock { state in
            state.isOver = true
            defer { state.answers = [:] }
            return Array(state.answers.values)
        }
        for continuation in waiting { continuation.resume(throwing: Failure(description: "the browser was ended")) }
        kill(process, SIGKILL)
    }

    /// Messages end with a zero byte.
    private func read(_ answers: FileDescriptor) {
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { (try? answers.read(into: $0)) ?? 0 }
            rest += buffer.prefix(count)
            while let end = rest.firstIndex(of: 0) {
                take(Array(rest[..<end]))
                rest.removeSubrange(...end)
            }
            if count == 0 || state.withLock({ $0.isOver }) { break }
        }
        try? answers.close()
    }

    private func take(_ message: [UInt8]) {
        guard let message = try? JSONDocument(parsing: message).root else { return }
        guard let id = message["id"]?.int else {
            guard let method = message["method"]?.string, let parameters = message["params"] else { return }
            state.withLock { $0.events.append((method, parameters)) }
            return
        }
        let continuation = state.withLock { $0.answers.removeValue(forKey: id) }
        if let error = message["error"]?["message"]?.string {
            continuation?.resume(throwing: Failure(description: error))
        } else {
            continuation?.resume(returning: message["result"] ?? message)
        }
    }

    /// - Parameter parameters: a JSON object.
    @discardableResult
    func send(_ method: String, _ parameters: String = "{}", session: String? = nil) async throws -> JSONValue {
        try await withCheckedThrowingContinuation { continuation in
            let id = state.withLock { state in
                defer { state.nextID += 1 }
                state.answers[state.nextID] = continuation
                return state.nextID
            }
            let session = session.map { #", "sessionId": "\#($0)""# } ?? ""
            let text = #"{"id": \#(id), "method": "\#(method)", "params": \#(parameters)\#(session)}"#
            do {
                _ = try commands.writeAll(Array(text.utf8) + [0])
            } catch {
                state.withLock { $0.answers.removeValue(forKey: id) }?.resume(throwing: error)
            }
        }
    }

    /// How often something was told.
    func count(of method: String) -> Int { state.withLock { $0.events.count { $0.method == method } } }

    /// What a page logged as wrong: a script that failed, something that the policy forbade.
    var complaints: [String] {
        state.withLock { state in
            state.events.compactMap { method, parameters in
                switch method {
                case "Runtime.exceptionThrown": parameters["exceptionDetails"]?["text"]?.string
                case "Log.entryAdded" where parameters["entry"]?["level"]?.string == "error":
                    parameters["entry"]?["text"]?.string
                default: nil
                }
            }
        }
    }

    /// Opens a page of its own, without cookies of others.
    func tab() async throws -> Tab {
        let context = try await send("Target.createBrowserContext")["browserContextId"]?.string ?? ""
        let target = try await send(
            "Target.createTarget",
            #"{"url": "about:blank", "browserContextId": "\#(context)", "width": 1280, "height": 900}"#)
        let session = try await send(
            "Target.attachToTarget", #"{"targetId": "\#(target["targetId"]?.string ?? "")", "flatten": true}"#)
        let tab = Tab(browser: self, session: session["sessionId"]?.string ?? "")
        for domain in ["Page", "Runtime", "Log"] { try await tab.send("\(domain).enable") }
        return tab
    }
}

/// A page in a browser.
struct Tab: Sendable {
    let browser: Browser
    let session: String

    @discardableResult
    func send(_ method: String, _ parameters: String = "{}") async throws -> JSONValue {
        try await browser.send(method, parameters, session: session)
    }

    /// Loads an address and waits for its end.
    func open(_ address: String) async throws {
        let answer = try await send("Page.navigate", #"{"url": \#(Tab.json(address))}"#)
        if let error = answer["errorText"]?.string { throw Browser.Failure(description: error) }
        try await settle()
    }

    /// Waits until the page is whole.
    func settle() async throws {
        try await eventually("the page is loaded") {
            try await evaluate("document.readyState + location.protocol").string == "completehttp:"
        }
    }

    /// What an expression says in the page; waits for promises.
    func evaluate(_ expression: String) async throws -> JSONValue {
        let parameters = #"{"expression": \#(Tab.json(expression)), "returnByValue": true, "awaitPromise": true}"#
        let answer: JSONValue
        do {
            answer = try await send("Runtime.evaluate", parameters)
        } catch let failure as Browser.Failure where failure.description.contains(/context|navigated/) {
            // The page went in the middle of it; the next one is asked.
            answer = try await send("Runtime.evaluate", parameters)
        }
        if let details = answer["exceptionDetails"] {
            let words = details["exception"]?["description"]?.string ?? details["text"]?.string ?? "?"
            throw Browser.Failure(description: words)
        }
        return answer["result"]?["value"] ?? answer
    }

    func text(_ expression: String) async throws -> String { try await evaluate(expression).string ?? "" }
    func isTrue(_ expression: String) async throws -> Bool { try await evaluate(expression).bool == true }

    /// How many elements there are.
    func count(_ selector: String) async throws -> Int {
        try await evaluate("document.querySelectorAll(\(Tab.json(selector))).length").int ?? -1
    }

    /// Clicks as a person does: with the mouse, in the middle of what is seen.
    func click(_ selector: String) async throws {
        let place = try await evaluate(
            """
            (() => { const e = document.querySelector(\(Tab.json(selector))); e.scrollIntoView({block: "center"});
              const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()
            """)
        let (x, y) = (place[0]?.number?.description ?? "0", place[1]?.number?.description ?? "0")
        for type in ["mousePressed", "mouseReleased"] {
            try await send(
                "Input.dispatchMouseEvent",
                #"{"type": "\#(type)", "x": \#(x), "y": \#(y), "button": "left", "clickCount": 1}"#)
        }
    }

    /// Types into what has the focus.
    func type(_ text: String) async throws {
        try await send("Input.insertText", #"{"text": \#(Tab.json(text))}"#)
    }

    func press(_ key: String, code: Int) async throws {
        let text = key == "Enter" ? #", "text": "\r""# : ""
        for type in ["keyDown", "keyUp"] {
            try await send(
                "Input.dispatchKeyEvent",
                #"{"type": "\#(type)", "key": "\#(key)", "code": "\#(key)", "windowsVirtualKeyCode": \#(code)\#(text)}"#
            )
        }
    }

    func prefer(dark: Bool) async throws {
        let value = dark ? "dark" : "light"
        try await send(
            "Emulation.setEmulatedMedia", #"{"features": [{"name": "prefers-color-scheme", "value": "\#(value)"}]}"#)
    }

    func resize(width: Int, height: Int) async throws {
        try await send(
            "Emulation.setDeviceMetricsOverride",
            #"{"width": \#(width), "height": \#(height), "deviceScaleFactor": 1, "mobile": false}"#)
    }

    /// A picture of the page, as PNG.
    func screenshot() async throws -> Data {
        let answer = try await send("Page.captureScreenshot", #"{"format": "png", "captureBeyondViewport": false}"#)
        guard let data = Data(base64Encoded: answer["data"]?.string ?? "") else {
            throw Browser.Failure(description: "no picture")
        }
        return data
    }

    static func json(_ text: String) -> String {
        var json = JSONWriter()
        json.value(text)
        return json.text
    }
}

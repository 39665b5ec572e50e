extension Configuration.Log {
    init?(_ field: Field) {
        guard let section = Section(field, .log) else { return nil }
        self = Defaults.log
        section.read("format", into: &format) { $0.choice() }
        section.read("level", into: &level) { $0.choice() }
    }
}

extension Configuration.Admin {
    /// `nil` also for `listen: none`.
    init?(_ field: Field) {
        guard let section = Section(field, .admin) else { return nil }
        let token = section["token"]?.secretSource(literal: false)
        var listen = Defaults.listen
        if let found = section["listen"] {
            guard !found.says("none"), let address = found.listenAddress() else { return nil }
            listen = address
            if section["token"] == nil, !Loopback.contains(address.host) {
                found.problem("\(found.quoted) can be reached from other machines; that needs a token beside it")
            }
        }
        self.init(listen: listen, token: token)
    }
}

extension Field {
    /// `HOST:PORT`; an IPv6 address stands in brackets.
    fileprivate func listenAddress() -> Configuration.ListenAddress? {
        guard let text = text() else { return nil }
        let expected = "write HOST:PORT, [::1]:PORT or none"
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            problem("\(quoted) is not an address; \(expected)")
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
            host = String(host.dropFirst().dropLast())
        } else if host.isEmpty || host.wholeMatch(of: /[A-Za-z0-9.\-_]+/) == nil {
            problem("\(quoted) is not an address; \(expected)")
            return nil
        }
        return .init(host: host, port: Int(port))
    }
}

extension Configuration.Alert {
    init?(_ field: Field) {
        guard let section = Section(field, .alert) else { return nil }
        let target = Self.target(section)
        var (on, thresholds) = (Defaults.Alert.on, Defaults.Alert.thresholds)
        section.read("on", into: &on) { $0.events() }
        if let counted = section["thresholds"].flatMap({ Section($0, .thresholds) }) {
            for event in Event.allCases where Shape.thresholds.keys.contains(event.rawValue) {
                thresholds[event] = counted[event.rawValue]?.threshold(of: event) ?? thresholds[event]
            }
        }
        guard let target else { return nil }
        self.init(target: target, on: on, thresholds: thresholds)
    }

    private static func target(_ section: Section) -> Target? {
        switch (section["webhook"], section["command"]) {
        case (let webhook?, nil): return webhook.webURL().map { .webhook(Secret($0.text)) }
        case (nil, let command?): return command.commandLine().map(Target.command)
        case (nil, nil): section.field.problem("tells nobody; give it a webhook or a command")
        case (_?, let command?): command.problem("one alert has a webhook or a command; write two alerts for both")
        }
        return nil
    }
}

extension Field {
    fileprivate func events() -> Set<Configuration.Alert.Event>? {
        if isEmptyList { problem("is an empty list; it needs events") }
        var events: Set<Configuration.Alert.Event> = []
        let read = list(of: "events") { field -> Configuration.Alert.Event? in
            guard let event = field.choice(Configuration.Alert.Event.self) else { return nil }
            if !events.insert(event).inserted { field.problem("\(field.quoted) is in the list twice") }
            return event
        }
        return read.map { _ in events }
    }

    /// `5/5m`, or for `rateNear`, which is measured and not counted, `90%/5m`.
    fileprivate func threshold(of event: Configuration.Alert.Event) -> Configuration.Alert.Threshold? {
        let isShare = event == .rateNear
        guard let text = text() else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let window = Duration(text: String(parts[1])), window > .zero,
            window <= .seconds(86_400), parts[0].hasSuffix("%") == isShare,
            let number = Int(isShare ? parts[0].dropLast() : parts[0]),
            (1...(isShare ? 100 : 1_000_000)).contains(number)
        else {
            let example = isShare ? "90%/5m: so much of the limit" : "5/5m: so many times"
            problem("\(quoted) is not a threshold; write \(example) within at most 1d")
            return nil
        }
        return isShare ? .percent(number, window: window) : .count(number, window: window)
    }
}

/// The formats that are asserted; all others are annotations.
enum StringFormat: UInt8, BitwiseCopyable {
    case none, date, dateTime, time, email, uuid, uri, ipv4, ipv6

    init(name: String) {
        switch name {
        case "date": self = .date
        case "date-time": self = .dateTime
        case "time": self = .time
        case "email": self = .email
        case "uuid": self = .uuid
        case "uri": self = .uri
        case "ipv4": self = .ipv4
        case "ipv6": self = .ipv6
        default: self = .none
        }
    }

    /// What a value of the format is called in a message.
    var description: String {
        switch self {
        case .none: "anything"
        case .date: "a date such as 2026-11-24"
        case .dateTime: "a date and time such as 2026-11-24T03:00:00Z"
        case .time: "a time with its offset such as 03:00:00Z"
        case .email: "an e-mail address"
        case .uuid: "a UUID"
        case .uri: "a URI"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        }
    }

    /// `text` is valid UTF-8 without JSON's escapes.
    func accepts(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var scanner = FormatScanner(text)
        switch self {
        case .none: return true
        case .date: return scanner.date() && scanner.isAtEnd
        case .time: return scanner.time() && scanner.isAtEnd
        case .dateTime: return scanner.date() && scanner.takeAny("Tt") && scanner.time() && scanner.isAtEnd
        case .email: return scanner.email()
        case .uuid: return scanner.uuid()
        case .uri: return scanner.uri()
        case .ipv4: return scanner.ipv4() && scanner.isAtEnd
        case .ipv6: return scanner.ipv6() && scanner.isAtEnd
        }
    }
}

/// Reads a string byte by byte for the formats.
struct FormatScanner {
    let text: UnsafeBufferPointer<UInt8>
    var at = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var isAtEnd: Bool { at == text.count }
    var next: UInt8? { at < text.count ? text[at] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    mutating func takeAny(_ characters: StaticString) -> Bool {
        guard let byte = next else { return false }
        for index in 0..<characters.utf8CodeUnitCount where characters.utf8Start[index] == byte {
            at += 1
            return true
        }
        return false
    }

    /// Just so many decimal digits.
    mutating func number(digits: Int) -> Int? {
        guard at + digits <= text.count else { return nil }
        var value = 0
        for index in at..<(at + digits) {
            guard Self.isDigit(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - 48)
        }
        at += digits
        return value
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
    static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }
    static func isAlpha(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }

    mutating func takeWhile(_ condition: (UInt8) -> Bool) -> Int {
        let first = at
        while at < text.count, condition(text[at]) { at += 1 }
        return at - first
    }

    // MARK: RFC 3339

    mutating func date() -> Bool {
        guard let year = number(digits: 4), take("-"), let month = number(digits: 2), take("-"),
            let day = number(digits: 2), (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        return day <= days
    }

    mutating func time() -> Bool {
        guard let hour = number(digits: 2), take(":"), let minute = number(digits: 2), take(":"),
            let second = number(digits: 2), hour <= 23, minute <= 59, second <= 60
        else { return false }
        if take("."), takeWhile(Self.isDigit) == 0 { return false }
        var utc = hour * 60 + minute
        if !takeAny("Zz") {
            let isWest = next == UInt8(ascii: "-")
            guard takeAny("+-"), let hours = number(digits: 2), take(":"), let minutes = number(digits: 2), hours <= 23,
                minutes <= 59
            else { return false }
            let offset = hours * 60 + minutes
            utc = (utc + (isWest ? offset : 1440 - offset)) % 1440
        }
        // A leap second is the last of a day in UTC.
        return second < 60 || utc == 1439
    }

    // MARK: UUID (RFC 4122)

    mutating func uuid() -> Bool {
        for (index, count) in [8, 4, 4, 4, 12].enumerated() {
            if index > 0, !take("-") { return false }
            guard at + count <= text.count else { return false }
            for _ in 0..<count {
                guard Self.isHex(text[at]) else { return false }
                at += 1
            }
        }
        return isAtEnd
    }
}

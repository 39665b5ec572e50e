extension FaultPlan {
    /// A term of a fault specification that cannot be read. It shows the term in its place.
    package struct SyntaxError: Error, Equatable, CustomStringConvertible {
        package let specification: String
        package let term: String
        /// Where the term begins, in characters.
        package let offset: Int
        package let reason: String

        package var description: String {
            let mark = String(repeating: " ", count: offset) + String(repeating: "^", count: max(1, term.count))
            return "faults: \(reason)\n    \(specification)\n    \(mark)"
        }
    }

    /// Reads terms separated by commas; white space around them does not count, and an empty text is no faults.
    ///
    /// - `CODE:P%`: that status (200 to 599) for P percent of the requests; `drop:P%`, `hang`, `tear`, `cut`, `early`,
    ///   `garbage`, `huge`, `endless`: what ``Effect`` says;
    ///   with `token/` before it, for requests to the token endpoint instead of the API
    /// - `latency:A..B` or `latency:A`
    /// - `outage:LENGTH@START`, or `outage:LENGTH@START*` for one every START
    /// - `async:A..B` or `async:A`: batches are applied so long after their 202
    /// - `reject:P%`: that many of the records are refused when their batch is applied
    package init(parsing specification: String) throws(SyntaxError) {
        self.init()
        guard !specification.allSatisfy(\.isWhitespace) else { return }
        var offset = 0
        for part in specification.split(separator: ",", omittingEmptySubsequences: false) {
            let lead = part.prefix(while: \.isWhitespace).count
            let term = part.trimmingWhitespace()
            do throws(TermError) {
                try add(term)
            } catch {
                throw SyntaxError(
                    specification: specification, term: String(term), offset: offset + lead, reason: error.reason)
            }
            offset += part.count + 1
        }
    }

    private mutating func add(_ term: Substring) throws(TermError) {
        guard let colon = term.firstIndex(of: ":") else {
            throw TermError("expected NAME:VALUE, such as 503:2% or latency:20ms")
        }
        let name = term[..<colon]
        let value = term[term.index(after: colon)...]
        switch name {
        case "latency":
            guard latency == nil else { throw TermError("latency is given twice") }
            latency = try durations(value)
        case "async":
            guard applyDelay == nil else { throw TermError("async is given twice") }
            applyDelay = try durations(value)
        case "outage":
            outages.append(try outage(value))
        case "reject":
            guard rejectedPercent == 0 else { throw TermError("reject is given twice") }
            rejectedPercent = try percent(value)
        default:
            try addChance(name, value)
        }
    }

    private mutating func addChance(_ name: Substring, _ value: Substring) throws(TermError) {
        let onToken = name.hasPrefix("token/")
        let plain = onToken ? name.dropFirst("token/".count) : name
        let effect: Effect
        if let named = Effect.named.first(where: { $0.name == plain }) {
            effect = named.effect
        } else if let code = Int(plain), plain.count == 3, (200...599).contains(code) {
            effect = .status(code)
        } else {
            let names = Effect.named.map(\.name).joined(separator: ", ")
            throw TermError(
                "\"\(name)\" is no fault: expected a status from 200 to 599, \(names), latency, outage, async or reject"
            )
        }
        guard !chances.contains(where: { $0.effect == effect && $0.onToken == onToken }) else {
            throw TermError("\(name) is given twice")
        }
        chances.append(Chance(effect, percent: try percent(value), onToken: onToken))
        let sum = chances.filter { $0.onToken == onToken }.reduce(0) { $0 + $1.percent }
        guard sum <= 100 else { throw TermError("the percentages add up to more than 100%") }
    }
}

/// What is wrong with one term.
private struct TermError: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

private func percent(_ text: Substring) throws(TermError) -> Double {
    let digits = text.dropLast()
    guard text.last == "%", digits.first?.isNumber == true, let value = decimal(digits), value <= 100 else {
        throw TermError("expected a percentage from 0% to 100%, such as 2% or 0.5%")
    }
    return value
}

private func durations(_ text: Substring) throws(TermError) -> ClosedRange<Duration> {
    guard let dots = text.firstRange(of: "..") else {
        let fixed = try duration(text)
        return fixed...fixed
    }
    let lower = try duration(text[..<dots.lowerBound])
    let upper = try duration(text[dots.upperBound...])
    guard lower <= upper else { throw TermError("the range ends before it begins") }
    return lower...upper
}

private func outage(_ text: Substring) throws(TermError) -> FaultPlan.Outage {
    let repeats = text.last == "*"
    let parts = (repeats ? text.dropLast() : text).split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw TermError("expected LENGTH@START, such as 10s@30s") }
    let outage = FaultPlan.Outage(length: try duration(parts[0]), start: try duration(parts[1]), repeats: repeats)
    guard !repeats || outage.length < outage.start else {
        throw TermError("an outage that comes every START must be shorter than START")
    }
    return outage
}

private func duration(_ text: Substring) throws(TermError) -> Duration {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard digits.first?.isNumber == true, let value = decimal(digits) else {
        throw TermError("expected a duration with its unit, such as 20ms or 1.5s")
    }
    let milliseconds: Double
    switch text[digits.endIndex...] {
    case "ms": milliseconds = value
    case "s": milliseconds = value * 1000
    case "m": milliseconds = value * 60_000
    case "h": milliseconds = value * 3_600_000
    default: throw TermError("expected a duration in ms, s, m or h, such as 20ms or 1.5s")
    }
    guard milliseconds <= 1e12 else { throw TermError("the duration is too long") }
    return .microseconds(Int64(milliseconds * 1000))
}

/// Digits with at most one point: no sign, no exponent, no infinity.
private func decimal(_ text: Substring) -> Double? {
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
    return Double(text)
}

extension Substring {
    fileprivate func trimmingWhitespace() -> Substring {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

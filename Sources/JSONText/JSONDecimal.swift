/// A decimal number with all its digits, as a JSON text writes it: ± coefficient × 10^exponent.
///
/// Nothing here expands the exponent: `1e999999999` takes as little time and memory as `1`. Equal numbers are equal
/// however they were written (`1.10` and `1.1`, `1e2` and `100`, `-0` and `0`).
public struct JSONDecimal: Sendable, Hashable {
    /// Never of zero.
    public let isNegative: Bool
    /// The coefficient, where it has at most 19 digits; else 0. It never ends in a zero digit.
    private let small: UInt64
    /// The coefficient's digits (0 to 9), first to last, where it has more than 19; else empty.
    private let large: [UInt8]
    private let exponent: Int

    private static var smallDigits: Int { 19 }

    /// An integer.
    public init(_ value: Int) {
        var coefficient = UInt64(value.magnitude)
        var exponent = 0
        while coefficient != 0, coefficient % 10 == 0 {
            coefficient /= 10
            exponent += 1
        }
        self.init(isNegative: value < 0, small: coefficient, large: [], exponent: coefficient == 0 ? 0 : exponent)
    }

    /// A number spelled as in JSON; `nil` for any other text, and for an exponent of more than 18 digits, as it stands
    /// there or with one digit before the point.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let value: JSONDecimal? = bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, base[0] == UInt8(ascii: "-") || isDigit(base[0]) else { return nil }
            let parser = JSONParser(buffer, maximumDepth: 1)
            do throws(JSONParser.Failure) {
                guard try parser.number(0).stop == buffer.count else { return nil }
                return JSONDecimal(base, count: buffer.count)
            } catch {
                return nil
            }
        }
        guard let value else { return nil }
        self = value
    }

    private init(isNegative: Bool, small: UInt64, large: [UInt8], exponent: Int) {
        self.isNegative = isNegative && (small != 0 || !large.isEmpty)
        self.small = small
        self.large = large
        self.exponent = exponent
    }

    /// Reads a number that is known to be well formed.
    package init(_ text: UnsafePointer<UInt8>, count: Int) {
        var at = 0
        let isNegative = text[0] == UInt8(ascii: "-")
        if isNegative { at = 1 }
        let first = at
        var small: UInt64 = 0
        var significant = 0  // digits of the coefficient so far, without the zeros pending
        var pending = 0  // zeros that belong to the coefficient only if another digit follows
        var fraction = 0
        var afterPoint = false
        while at < count {
            let byte = text[at]
            if isDigit(byte) {
                if afterPoint { fraction += 1 }
                if byte == UInt8(ascii: "0") {
                    if significant > 0 { pending += 1 }
                } else {
                    significant += pending + 1
                    if significant <= Self.smallDigits {
                        for _ in 0..<pending { small *= 10 }
                        small = small * 10 + UInt64(byte - UInt8(ascii: "0"))
                    }
                    pending = 0
                }
            } else if byte == UInt8(ascii: ".") {
                afterPoint = true
            } else {
                break
            }
            at += 1
        }
        guard significant > 0 else {
            self.init(isNegative: false, small: 0, large: [], exponent: 0)
            return
        }
        let exponent = Self.exponent(text, from: at, count: count) + pending - fraction
        guard significant > Self.smallDigits else {
            self.init(isNegative: isNegative, small: small, large: [], exponent: exponent)
            return
        }
        var large: [UInt8] = []
        large.reserveCapacity(significant)
        for index in first..<at where isDigit(text[index]) {
            let digit = text[index] - UInt8(ascii: "0")
            if digit != 0 || !large.isEmpty { large.append(digit) }
            if large.count == significant { break }
        }
        self.init(isNegative: isNegative, small: 0, large: large, exponent: exponent)
    }

    /// The number after the `e` at `from`, if there is one.
    private static func exponent(_ text: UnsafePointer<UInt8>, from: Int, count: Int) -> Int {
        var at = from + 1
        guard at < count else { return 0 }
        let isNegative = text[at] == UInt8(ascii: "-")
        if isNegative || text[at] == UInt8(ascii: "+") { at += 1 }
        var value = 0
        while at < count {
            value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
            at += 1
        }
        return isNegative ? -value : value
    }

    /// The number is 0.
    public var isZero: Bool { small == 0 && large.isEmpty }

    /// The number has no fraction: `1.0` and `1e3` are integers.
    public var isInteger: Bool { exponent >= 0 }

    /// Whether its ``description`` has an exponent of at most 18 digits, and can be read again.
    var isWritable: Bool { isZero || (exponent + digitCount - 1).magnitude < 1_000_000_000_000_000_000 }

    /// The number as an `Int`, if it is one exactly and fits.
    public var int: Int? {
        guard exponent >= 0, large.isEmpty, exponent < 19 else { return isZero ? 0 : nil }
        let (magnitude, overflow) = small.multipliedReportingOverflow(by: powersOfTen[exponent])
        guard !overflow else { return nil }
        return isNegative ? Int(exactly: -Int128(magnitude)) : Int(exactly: magnitude)
    }

    /// How many digits the coefficient has; 0 has none.
    private var digitCount: Int {
        guard large.isEmpty else { return large.count }
        var count = 0
        while count < powersOfTen.count, small >= powersOfTen[count] { count += 1 }
        return count
    }

    /// The coefficient's digits, first to last.
    private var digits: [UInt8] {
        guard large.isEmpty else { return large }
        var rest = small
        var digits: [UInt8] = []
        while rest > 0 {
            digits.append(UInt8(rest % 10))
            rest /= 10
        }
        return digits.reversed()
    }
}

/// 1, 10, … 10^19.
private let powersOfTen: [UInt64] = (0..<19).reduce(into: [1]) { powers, _ in
    powers.append(powers[powers.count - 1] * 10)
}

extension JSONDecimal: Comparable {
    /// Numeric order, exact.
    public static func < (left: JSONDecimal, right: JSONDecimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative
            ? right.magnitudeIsLess(than: left) : left.magnitudeIsLess(than: right)
    }

    private func magnitudeIsLess(than other: JSONDecimal) -> Bool {
        if isZero || other.isZero { return isZero && !other.isZero }
        let (count, otherCount) = (digitCount, other.digitCount)
        let (size, otherSize) = (exponent + count, other.exponent + otherCount)
        if size != otherSize { return size < otherSize }
        guard large.isEmpty, other.large.isEmpty else { return digits.lexicographicallyPrecedes(other.digits) }
        return small * powersOfTen[Self.smallDigits - count] < other.small * powersOfTen[Self.smallDigits - otherCount]
    }
}

extension JSONDecimal {
    /// `self` is an integer times `divisor`, exactly. Nothing is a multiple of 0.
    ///
    /// Coefficients do not end in 0, so a smaller exponent than the divisor's rules it out; and of a larger one only
    /// so many powers of ten count as the divisor's coefficient can hold factors of 2 or 5.
    public func isMultiple(of divisor: JSONDecimal) -> Bool {
        guard !divisor.isZero else { return false }
        guard !isZero else { return true }
        let difference = exponent - divisor.exponent
        guard difference >= 0 else { return false }
        let zeros = min(difference, 4 * divisor.digitCount)
        if divisor.large.isEmpty {
            if zeros == 0, large.isEmpty { return small % divisor.small == 0 }
            let modulus = UInt128(divisor.small)
            var rest: UInt128 = 0
            for digit in digits { rest = (rest * 10 + UInt128(digit)) % modulus }
            for _ in 0..<zeros { rest = rest * 10 % modulus }
            return rest == 0
        }
        return Self.remainderIsZero(digits + [UInt8](repeating: 0, count: zeros), by: divisor.large)
    }

    /// Long division in limbs of nine digits, keeping only the remainder.
    private static func remainderIsZero(_ dividend: [UInt8], by divisor: [UInt8]) -> Bool {
        var limbs: [UInt64] = []  // least significant first
        var end = divisor.count
        while end > 0 {
            let start = max(0, end - 9)
            limbs.append(divisor[start..<end].reduce(0) { $0 * 10 + UInt64($1) })
            end = start
        }
        limbs.append(0)  // room for the remainder times ten
        var rest = [UInt64](repeating: 0, count: limbs.count)
        for digit in dividend {
            var carry = UInt64(digit)
            for index in rest.indices {
                let value = rest[index] * 10 + carry
                rest[index] = value % 1_000_000_000
                carry = value / 1_000_000_000
            }
            while !rest.reversed().lexicographicallyPrecedes(limbs.reversed()) {
                var borrow: UInt64 = 0
                for index in rest.indices {
                    let subtrahend = limbs[index] + borrow
                    borrow = rest[index] < subtrahend ? 1 : 0
                    rest[index] = rest[index] + borrow * 1_000_000_000 - subtrahend
                }
            }
        }
        return rest.allSatisfy { $0 == 0 }
    }
}

extension JSONDecimal: CustomStringConvertible {
    /// All digits, laid out as RFC 8785 lays out its numbers (ECMA-262, `Number::toString`): plain from 1e-6 up to
    /// below 1e21, else with an exponent.
    public var description: String {
        guard !isZero else { return "0" }
        let digits = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
        let count = digits.utf8.count
        let point = exponent + count
        let sign = isNegative ? "-" : ""
        switch point {
        case count...max(count, 21) where point <= 21:
            return sign + digits + String(repeating: "0", count: point - count)
        case 1...21:
            return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -point) + digits
        default:
            let power = point - 1
            let fraction = count > 1 ? "." + digits.dropFirst() : ""
            return sign + digits.prefix(1) + fraction + (power < 0 ? "e-" : "e+") + String(power.magnitude)
        }
    }
}

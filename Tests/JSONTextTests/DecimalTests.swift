import JSONText
import TestSupport
import Testing

@Suite struct DecimalTests {
    static func decimal(_ text: String) throws -> JSONDecimal { try #require(JSONDecimal(text)) }

    @Test(arguments: [
        ("1", "2"), ("-2", "-1"), ("-1", "0"), ("0", "0.0001"), ("-1e999999999", "-1e-999999999"), ("9.99", "10"),
        ("1e-999999999999999999", "1e999999999999999999"), ("9007199254740992", "9007199254740993"),
        ("0.1", "0.10000000000000000000000000000000001"),
        ("123456789012345678901234567890", "1.2345678901234567890123456789e30"),
        ("99999999999999999999", "1e20"), ("-100000000000000000001", "-1e20"), ("1", "1.000000000000000000001"),
    ])
    func isLess(left: String, right: String) throws {
        let (left, right) = (try Self.decimal(left), try Self.decimal(right))
        #expect(left < right)
        #expect(!(right < left))
        #expect(left != right)
    }

    @Test(arguments: [
        ("1.10", "1.1"), ("1e2", "100"), ("-0", "0"), ("0.0e9", "0"), ("10e-1", "1"), ("1.5e300", "15e299"),
    ])
    func isEqual(left: String, right: String) throws {
        #expect(try Self.decimal(left) == Self.decimal(right))
        #expect(try Self.decimal(left).hashValue == Self.decimal(right).hashValue)
        #expect(try !(Self.decimal(left) < Self.decimal(right)))
    }

    @Test(arguments: [
        ("10", "2.5", true), ("0.0075", "0.0001", true), ("0.00751", "0.0001", false), ("1e308", "0.123456789", false),
        ("1e308", "0.5", true), ("1e999999999999", "7", false), ("7e999999999999", "7", true), ("4.5", "1.5", true),
        ("35", "1.5", false), ("0", "3", true), ("5", "0", false), ("-9", "3", true), ("19.99", "0.01", true),
        ("123456789012345678901234567890", "10", true), ("123456789012345678901234567891", "10", false),
        ("123456789012345678901234567890000", "123456789012345678901234567890", true),
        ("370370367037037036703703703670", "123456789012345678901234567890", true),
        ("370370367037037036703703703671", "123456789012345678901234567890", false),
        ("12391239123912391239123", "9999999999999999999", false), ("1e40", "1048576", true),
        ("1e19", "1048576", false),
        ("1e20", "1048576", true), ("3e-5", "1e-5", true), ("3e-6", "1e-5", false),
    ])
    func multiples(value: String, divisor: String, expected: Bool) throws {
        #expect(try Self.decimal(value).isMultiple(of: Self.decimal(divisor)) == expected)
    }

    /// Against `Int` arithmetic, and with both sides scaled by powers of ten up to far beyond 19 digits.
    @Test func agreesWithIntegers() throws {
        var generator = SeededGenerator(seed: 77)
        for _ in 0..<5000 {
            let left = Int.random(in: -5000...5000, using: &generator)
            let right = Int.random(in: -5000...5000, using: &generator)
            let scale = Int.random(in: -40...40, using: &generator)
            let wide = String(repeating: "0", count: Int.random(in: 0...30, using: &generator))
            let (a, b) = (
                try Self.decimal("\(left).\(wide)0e\(scale)"), try Self.decimal("\(right)\(wide)e\(scale - wide.count)")
            )
            #expect((a < b) == (left < right))
            #expect((a == b) == (left == right))
            #expect(a.isMultiple(of: b) == (right != 0 && left % right == 0))
            #expect(JSONDecimal(left) == (try Self.decimal("\(left)")))
            #expect(JSONDecimal(left).int == left)
        }
    }

    @Test func integersAndTheirLimits() throws {
        #expect(try Self.decimal("1.0").isInteger)
        #expect(try Self.decimal("1e400").isInteger)
        #expect(try !Self.decimal("1.5").isInteger)
        #expect(try Self.decimal("15e-1").int == nil)
        #expect(try Self.decimal("9223372036854775807").int == .max)
        #expect(try Self.decimal("-9223372036854775808").int == .min)
        #expect(try Self.decimal("9223372036854775808").int == nil)
        #expect(try Self.decimal("1e18").int == 1_000_000_000_000_000_000)
        #expect(try Self.decimal("1e19").int == nil)
        #expect(try Self.decimal("1.5e3").int == 1500)
    }

    @Test(arguments: ["", "-", "+1", "01", "1.", ".5", "1e", "0x1", "1 ", " 1", "NaN", "1e1234567890123456789"])
    func refusesWhatIsNoNumber(text: String) {
        #expect(JSONDecimal(text) == nil)
    }
}

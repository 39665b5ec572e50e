import Delivery
import Model
import Testing

@Suite struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private static let now = Timestamp(milliseconds: 784_111_777_000)

    @Test(
        arguments: [
            ("0", Duration.zero), ("120", .seconds(120)), (" 5 ", .seconds(5)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", .seconds(10)), ("Sun, 06 Nov 1994 08:49:00 GMT", .zero),
            ("999999999999999999999999", RetryAfter.longest), ("7200", .seconds(7200)), ("90000", RetryAfter.longest),
            ("Mon, 06 Nov 2094 08:49:47 GMT", RetryAfter.longest),
        ])
    func bothFormsAreRead(header: String, wait: Duration) {
        #expect(RetryAfter.parse(header, at: Self.now) == wait)
    }

    @Test(arguments: ["", "soon", "-1", "1.5", "Sun, 06 Foo 1994 08:49:47 GMT", "Sun, 06 Nov 1994", "1e3", "١٢"])
    func whatIsNeitherFormIsIgnored(header: String) {
        #expect(RetryAfter.parse(header, at: Self.now) == nil)
    }
}

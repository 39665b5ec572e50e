import Testing

@testable import Admin

struct PrometheusTextTests {
    @Test func labelsAreEscaped() {
        var text = PrometheusText()
        text.metric("m", .gauge, "A\nhelp with \"quotes\" and \\.")
        text.sample("m", ["a": "x\"\u{301}y\\z\n"], 1)
        text.sample("m", [:], 0.5)
        #expect(
            text.text == """
                # HELP m A\\nhelp with "quotes" and \\\\.
                # TYPE m gauge
                m{a="x\\"\u{301}y\\\\z\\n"} 1
                m 0.5

                """)
    }

    @Test func aHistogramAddsUp() {
        var text = PrometheusText()
        text.histogram("h", [:], bounds: [0.1, 1], counts: [2, 1, 3], sum: 9.25)
        #expect(
            text.text == """
                h_bucket{le="0.1"} 2
                h_bucket{le="1"} 3
                h_bucket{le="+Inf"} 6
                h_sum 9.25
                h_count 6

                """)
    }
}

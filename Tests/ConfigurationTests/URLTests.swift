import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct URLTests {
    private func document(_ key: String, _ url: String) -> String {
        let lines = minimal().split(separator: "\n").map { line in
            line.hasPrefix("  \(key):") ? "  \(key): \(url)" : String(line)
        }
        return lines.joined(separator: "\n")
    }

    @Test(arguments: [
        ("https://api.example.com/sync/", "https://api.example.com/sync"),
        ("https://api.example.com", "https://api.example.com"),
        ("http://localhost:8080/", "http://localhost:8080"), ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("http://[::1]:8080/x//", "http://[::1]:8080/x"), ("HTTPS://api.example.com/", "HTTPS://api.example.com"),
    ])
    func theBaseURLLosesItsTrailingSlash(written: String, expected: String) throws {
        #expect(try parse(document("url", written)).api.url == expected)
    }

    private static let clear =
        "http would send the token and the documents in clear; write https (http is possible to localhost only)"

    @Test(arguments: [
        ("http://api.example.com/sync", clear), ("http://127.0.0.1.example.com", clear),
        ("http://localhost.example.com", clear), ("http://10.0.0.1", clear),
        ("ftp://api.example.com", "is not a URL; write https://HOST/PATH"),
        ("api.example.com", "is not a URL; write https://HOST/PATH"),
        ("https://", "is not a URL; write https://HOST/PATH"),
        ("/sync", "is not a URL; write https://HOST/PATH"), ("https://a b", "is not a URL; write https://HOST/PATH"),
        ("https://api.example.com/?a=b", "a query or fragment is not possible here"),
        ("https://api.example.com/#a", "a query or fragment is not possible here"),
        (
            "https://me:pa55word@api.example.com",
            "a URL with a user or a password is not possible here: it would be a secret in this file"
        ),
        ("https://api.example.com:0", "the URL's port is not possible; write 1 to 65535"),
    ])
    func aBaseURLThatCannotBeIsRefused(written: String, message: String) {

        #expect(complaints(document("url", "\"\(written)\"")) == ["sluice.yaml:2:3: api.url: \(message)"])
    }

    @Test func theTokenURLMayHaveAQueryAndMustNotBeClear() throws {
        #expect(
            try parse(document("tokenURL", "https://a.example.com/t?x=1/")).api.tokenURL
                == "https://a.example.com/t?x=1/")
        #expect(
            complaints(document("tokenURL", "http://a.example.com/t")) == [
                "sluice.yaml:3:3: api.tokenURL: http would send the client secret in clear; "
                    + "write https (http is possible to localhost only)"
            ])
    }
}

import Foundation
import JSONText
import Testing
import TestSupport

/// The examples of the library's articles, and that they are these.
@Suite struct ArticleTests {
    @Test func theArticlesShowWhatIsCompiledHere() throws {
        let source = URL(fileURLWithPath: #filePath)
        let catalogue = source.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/JSONText/JSONText.docc")
        let shown = try Examples.shown(in: catalogue)
        #expect(shown.count == 5)
        #expect(try Set(shown) == Set(Examples.compiled(in: source)))
    }

    @Test func theLandingPage() throws {
        // example
        let document = try JSONDocument(parsing: Array(#"{"amount": 1.10, "paid": 1e2}"#.utf8))
        let amount = document.root["amount"]?.number?.description  // "1.1"
        let paid = document.root["paid"]?.int  // 100
        // end
        #expect(amount == "1.1")
        #expect(paid == 100)
    }

    @Test func amountsAndPlaces() throws {
        // example
        let text = #"{"orders": [{"id": "A-1", "amount": 1.10}, {"id": "A-2", "amount": 9007199254740993}]}"#
        let document = try JSONDocument(parsing: Array(text.utf8))
        let amounts = document.root["orders"]?.elements.compactMap { $0["amount"]?.number?.description }
        // ["1.1", "9007199254740993"]
        // end
        #expect(amounts == ["1.1", "9007199254740993"])

        // example
        let pointer = JSONPointer("/orders/1/amount")
        let amount = pointer.flatMap { document.root[$0] }
        let place = amount.map { document.position(ofByte: $0.byteRange.lowerBound) }  // 1:68
        // end
        #expect(place?.description == "1:68")
    }

    @Test func whatIsNoJSON() {
        // example
        var complaint = ""
        do {
            _ = try JSONDocument(parsing: Array("{\n  \"amount\": 1.10,\n}".utf8))
        } catch {
            complaint = "\(error.position): \(error.message)"  // 3:1: …
        }
        // end
        #expect(complaint.hasPrefix("3:1: "))
    }

    @Test func whetherTwoFilesSayTheSame() throws {
        // example
        let one = try JSONDocument(parsing: Array(#"{"paid": 1e2, "amount": 1.10}"#.utf8))
        let other = try JSONDocument(parsing: Array(#"{"amount":1.1,"paid":100}"#.utf8))
        let isSame = one.root.canonicalBytes() == other.root.canonicalBytes()  // true
        // end
        #expect(isSame)
    }
}

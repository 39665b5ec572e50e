/// What benchmarks read.
enum Accounts {
    /// A document as an ERP writes it.
    static func document(bytes: Int) -> [UInt8] {
        document { count, _ in count >= bytes }
    }

    /// A document of so many accounts.
    static func document(count: Int) -> [UInt8] {
        document { _, number in number >= count }
    }

    private static func document(until isLongEnough: (_ bytes: Int, _ number: Int) -> Bool) -> [UInt8] {
        var text = Array(#"{"accounts":["#.utf8)
        var number = 0
        while !isLongEnough(text.count, number) {
            if number > 0 { text.append(UInt8(ascii: ",")) }
            let note = number % 7 == 0 ? #","note":"café \n line""# : ""
            text += Array(
                #"""
                {"clientReferenceId":"INV-\#(1_000_000 + number)","invoiceNumber":"\#(number)",\#
                "outstandingAmount":\#(number % 9000).\#(10 + number % 90),"brand":"ACME","portfolio":"Retail",\#
                "product":"Energy","segment":"Residential","reference":"REF-\#(number)","currency":"AUD",\#
                "paymentReconciliationReference":"PRR\#(number)","bPayReference":null,\#
                "minimumOfferAmount":\#(1 + number % 50),"status":"Active",\#
                "dueDate":"2026-0\#(1 + number % 9)-1\#(number % 10)","email":"customer\#(number)@example.com"\#(note)}
                """#.utf8)
            number += 1
        }
        return text + Array("]}".utf8)
    }
}

import Model
import Testing

@Suite struct CodeTests {
    /// The list of the contract, section 10.
    private static let contract = """
        read.empty read.unreadable read.notRegular read.tooLarge read.changed read.incomplete parse.json parse.xml
        parse.encoding kind.unknown schema.json schema.xml size.record size.multipart attachment.name attachment.type
        reference.conflict reference.otherInbox order.superseded submit.badRequest submit.unauthorized
        submit.forbidden submit.notFound submit.rateLimited submit.serverError submit.network submit.rejected
        """

    @Test func theCodesAreThoseOfTheContract() {
        let names = CodeTests.contract.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(Code.allCases.map(\.rawValue) == names)
    }

    @Test(arguments: Code.allCases) func everyCodeSaysWhatToDo(code: Code) {
        #expect(code.action.count > 20)
        #expect(code.action.hasSuffix("."))
        #expect(!code.action.contains("\n"))
    }

    @Test(arguments: Code.allCases) func theStageFollowsFromTheCodesFamily(code: Code) {
        let expected: Stage =
            switch code.rawValue.prefix(while: { $0 != "." }) {
            case "read": .read
            case "parse", "kind": .convert
            case "schema", "size", "attachment": .validate
            case "reference", "order": .reference
            default: code == .submitRejected ? .confirm : .submit
            }
        #expect(code.stage == expected)
    }

    @Test func onlyWhatMayGoThroughUnchangedIsRetryable() {
        let retryable = Code.allCases.filter(\.isRetryable)
        #expect(
            retryable == [
                .readUnreadable, .readChanged, .submitUnauthorized, .submitForbidden, .submitNotFound,
                .submitRateLimited, .submitServerError, .submitNetwork,
            ])
    }

    @Test func aProblemListsNoMoreThanAHundredFindings() {
        let findings = (0..<250).map { Finding(message: "\($0)") }
        let problem = Problem(.schemaJSON, "many", findings: findings)
        #expect(problem.findings.count == 100)
        #expect(problem.findingCount == 250)
        #expect(Problem(.schemaJSON, "many", findings: Array(findings.prefix(3)), count: 9).findingCount == 9)
    }

    @Test func acceptedAndDuplicateDropsAreFiledInDone() {
        #expect(Outcome.allCases.map(\.folder) == [.done, .done, .failed])
    }
}

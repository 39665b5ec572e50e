import Model
import Testing

@Suite struct IdentityKeysTests {
    @Test func keysAreSortedAndEachThereOnce() {
        #expect(IdentityKeys([3, 1, 3, 2, 1, .max, 0]).sorted == [0, 1, 2, 3, .max])
        #expect(IdentityKeys([]).isEmpty && IdentityKeys([7]).sorted == [7])
    }

    @Test func theyMeetWhereTheyHaveOneInCommon() {
        let many = IdentityKeys((0..<1000).map { $0 * 3 })
        #expect(many.meets(IdentityKeys([1, 2, 4, 2997])))
        #expect(IdentityKeys([1, 2, 4, 0]).meets(many))
        #expect(!many.meets(IdentityKeys([1, 2, 2998, 3000])))
        #expect(!many.meets(.none) && !IdentityKeys.none.meets(many) && !IdentityKeys.none.meets(.none))
    }

    @Test func theyCanBeWrittenAndRead() {
        let keys = IdentityKeys([0, 1, 256, .max, 0x0102_0304_0506_0708])
        #expect(IdentityKeys(bytes: keys.bytes) == keys)
        #expect(IdentityKeys(bytes: [1, 2, 3]) == nil)
    }

    /// They are in ledgers: another hash would take every identity for a new one.
    @Test func theHashIsTheSameForEver() {
        #expect(IdentityKeys.key(clientReferenceId: "INV-1") == 12527904902051110892)
        #expect(IdentityKeys.key(claimNumber: "INV-1") != IdentityKeys.key(clientReferenceId: "INV-1"))
        let keys = IdentityKeys((0..<100_000).map { IdentityKeys.key(clientReferenceId: "INV-\($0)") })
        #expect(keys.count == 100_000)
    }
}

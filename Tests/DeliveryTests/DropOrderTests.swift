import Delivery
import Model
import Testing
import TestSupport

/// The value in a box, for a macro cannot call what changes a value.
private final class Turns {
    private(set) var order = DropOrder()

    func enlist(_ place: DropOrder.Place) { order.enlist(place) }
    func restore(_ place: DropOrder.Place, settlesAt moment: Moment) { order.restore(place, settlesAt: moment) }
    func take(_ drop: DropID) -> Bool { order.take(drop) }
    func mayLeave(_ drop: DropID) -> Bool { order.mayLeave(drop) }
    func mayBeDecided(_ drop: DropID) -> Bool { order.mayBeDecided(drop) }
    func stepAside(_ drop: DropID) -> [DropID] { order.stepAside(drop) }
    func conclude(_ drop: DropID, settlesAt moment: Moment?) -> [DropID] { order.conclude(drop, settlesAt: moment) }
    func leave(inbox: String) { order.leave(inbox: inbox) }
    func settle(_ drop: DropID) -> [DropID] { order.settle(drop) }
    func settle(until now: Moment) -> (settled: [DropID], changed: [DropID]) { order.settle(until: now) }
    func rivals(of drop: DropID) -> [DropID] { order.rivals(of: drop) }
    func standing(of drop: DropID) -> DropOrder.Standing? { order.standing(of: drop) }
    var nextSettling: Moment? { order.nextSettling }
    var count: Int { order.count }
}

/// Whose turn it is, by arrival, inbox and identities.
@Suite struct DropOrderTests {
    private let order = Turns()
    private let start = Moment(sinceBoot: .seconds(100))

    private static func place(
        _ arrival: Int64, _ keys: [UInt64], inbox: String = "erp", kind: Kind = .account,
        rule: DropOrder.Rule = .key
    ) -> DropOrder.Place {
        DropOrder.Place(
            drop: DropID(text: "\(arrival)"), inbox: inbox, arrival: arrival, rule: rule, kind: kind,
            keys: IdentityKeys(keys))
    }

    private func enlist(
        _ arrival: Int64, _ keys: [UInt64], inbox: String = "erp", kind: Kind = .account,
        rule: DropOrder.Rule = .key
    ) -> DropID {
        let place = Self.place(arrival, keys, inbox: inbox, kind: kind, rule: rule)
        order.enlist(place)
        return place.drop
    }

    /// Those that settle go on holding back others; those that nobody works on hold back nobody.
    @Test(arguments: [DropOrder.Rule.key, .strict])
    func anInboxThatStopsLeavesNobodyBehindWhomOthersWouldWait(rule: DropOrder.Rule) {
        let settled = enlist(1, [1], rule: rule)
        #expect(order.take(settled))
        _ = order.conclude(settled, settlesAt: start + .seconds(9))
        let ghost = enlist(2, [2], rule: rule)
        #expect(order.take(ghost))
        let other = enlist(3, [2], inbox: "other", rule: rule)
        order.leave(inbox: "erp")
        let (next, later) = (enlist(4, [2], rule: rule), enlist(5, [1], rule: rule))
        #expect(order.take(next) && order.mayLeave(next))
        _ = order.conclude(next, settlesAt: nil)
        #expect(order.take(later) && !order.mayLeave(later))
        #expect(order.standing(of: other) != nil && order.standing(of: ghost) == nil)
    }

    @Test func itIsToldWhoStandsBefore() {
        let one = enlist(1, [1])
        let two = enlist(2, [2])
        let three = enlist(3, [1, 2])
        #expect(order.standing(of: three)?.undecided == [one, two])
        #expect(order.standing(of: one) == DropOrder.Standing())
        #expect(order.take(one) && order.take(two))
        _ = order.conclude(one, settlesAt: start + .seconds(9))
        _ = order.conclude(two, settlesAt: start + .seconds(10))
        let standing = order.standing(of: three)
        #expect(standing?.undecided == [])
        #expect(standing?.settling.map(\.drop) == [one, two])
        #expect(standing?.settling.last?.until == start + .seconds(10))
        #expect(order.standing(of: DropID(text: "nobody")) == nil)
    }

    @Test func whereOneGoesAfterTheOtherTheFirstIsTold() {
        let one = enlist(1, [1], rule: .strict)
        let two = enlist(2, [2], rule: .strict)
        #expect(order.standing(of: two)?.first == one)
        #expect(order.take(one))
        #expect(order.standing(of: two)?.first == one && order.standing(of: one)?.first == nil)
        _ = order.conclude(one, settlesAt: nil)
        #expect(order.standing(of: two)?.first == nil)
    }

    @Test func documentsWhoseIdentitiesDoNotMeetGoSideBySide() {
        let one = enlist(1, [1, 2])
        let two = enlist(2, [3, 4])
        #expect(order.take(one) && order.take(two))
        #expect(order.mayLeave(one) && order.mayLeave(two))
    }

    @Test(arguments: Kind.documents, Kind.documents)
    func aLaterDocumentOfWhateverKindWaitsForOneThatSharesAnIdentity(first: Kind, second: Kind) {
        let order = Turns()
        let (one, two) = (Self.place(1, [1, 2], kind: first), Self.place(2, [2, 3], kind: second))
        order.enlist(one)
        order.enlist(two)
        #expect(!order.take(two.drop))
        #expect(order.take(one.drop))
        #expect(!order.take(two.drop))
        #expect(order.conclude(one.drop, settlesAt: nil) == [two.drop])
        #expect(order.take(two.drop) && order.mayLeave(two.drop))
        #expect(order.conclude(two.drop, settlesAt: nil).isEmpty)
        #expect(order.count == 0)
    }

    @Test func anAcceptedOneHoldsBackUntilItHasSettledButIsDecidedUponAtOnce() {
        let one = enlist(1, [1])
        let two = enlist(2, [1])
        let three = enlist(3, [1])
        #expect(order.take(one))
        #expect(order.conclude(one, settlesAt: start + .seconds(300)) == [two, three])
        #expect(order.take(two) && !order.mayLeave(two))
        #expect(!order.mayBeDecided(three))
        #expect(order.nextSettling == start + .seconds(300))
        #expect(order.settle(until: start + .seconds(299)).changed.isEmpty)
        #expect(!order.mayLeave(two))
        let over = order.settle(until: start + .seconds(300))
        #expect(over.settled == [one] && over.changed == [two, three])
        #expect(order.mayLeave(two) && !order.mayBeDecided(three))
    }

    @Test func theAPIsWordSettlesEarlier() {
        let one = enlist(1, [1])
        let two = enlist(2, [1])
        _ = order.take(one)
        _ = order.conclude(one, settlesAt: start + .seconds(300))
        #expect(order.settle(one) == [two])
        #expect(order.take(two) && order.mayLeave(two))
        #expect(order.settle(until: start + .seconds(300)).settled.isEmpty)
    }

    @Test func oneThatComesWhileAnotherSettlesWaitsForItToo() {
        let one = enlist(1, [1])
        _ = order.take(one)
        _ = order.conclude(one, settlesAt: start + .seconds(300))
        let two = enlist(2, [1])
        #expect(order.take(two) && !order.mayLeave(two))
    }

    @Test func aSettlingOfAnEarlierRunIsRestored() {
        order.restore(Self.place(1, [1]), settlesAt: start)
        let two = enlist(2, [1])
        #expect(order.take(two) && !order.mayLeave(two))
        #expect(order.settle(until: start).changed == [two])
        #expect(order.mayLeave(two))
    }

    @Test func anAttachmentWaitsForItsAccountAloneAndNobodyForIt() {
        let account = enlist(1, [1])
        let payment = enlist(2, [7], kind: .payment)
        let attachment = enlist(3, [1], kind: .attachment)
        let ofAPayment = enlist(4, [7], kind: .attachment)
        let twin = enlist(5, [1], kind: .attachment)
        let later = enlist(6, [1])
        #expect(!order.take(attachment) && !order.take(twin))
        #expect(order.take(payment) && order.take(ofAPayment))
        #expect(order.take(account))
        _ = order.conclude(account, settlesAt: nil)
        #expect(order.take(attachment) && order.take(twin) && order.take(later))
        #expect(order.mayLeave(later))
    }

    @Test func otherInboxesAreNotWaitedFor() {
        _ = enlist(1, [1], inbox: "partner")
        #expect(order.take(enlist(2, [1])))
    }

    @Test func aDropThatWasPutBackGoesBeforeThoseThatHaveNotHadTheirTurn() {
        let taken = enlist(8, [1])
        #expect(order.take(taken))
        let waiting = enlist(9, [1])
        let back = enlist(3, [1])
        #expect(!order.take(back), "one that had its turn is not overtaken")
        #expect(order.conclude(taken, settlesAt: nil) == [waiting, back])
        #expect(!order.take(waiting))
        #expect(order.take(back))
        #expect(order.conclude(back, settlesAt: nil) == [waiting])
        #expect(order.take(waiting))
    }

    @Test func withNoneNobodyWaits() {
        let one = enlist(1, [1], rule: .none)
        let two = enlist(2, [1], rule: .none)
        #expect(order.take(one) && order.take(two) && order.mayLeave(two))
    }

    @Test func withStrictOneGoesAfterTheOther() {
        let one = enlist(1, [1], rule: .strict)
        let three = enlist(3, [3], rule: .strict)
        let two = enlist(2, [2], kind: .attachment, rule: .strict)
        #expect(!order.take(two) && !order.take(three) && order.take(one))
        // What does not share an identity waits for the outcome, not for the processing.
        #expect(order.conclude(one, settlesAt: start).contains(two))
        #expect(order.take(two) && !order.take(three))
        #expect(order.stepAside(two) == [three])
        #expect(order.take(three))
        #expect(order.take(two), "an attachment that stepped aside goes when its account has come")
    }

    @Test func aRivalOfAnotherInboxThatCameEarlierIsNamed() {
        let one = enlist(1, [1, 2], inbox: "partner")
        let two = enlist(2, [2])
        let other = enlist(3, [3])
        #expect(order.rivals(of: two).isEmpty, "it has not had its turn")
        #expect(order.take(one))
        #expect(order.rivals(of: two) == [one])
        #expect(order.rivals(of: one).isEmpty && order.rivals(of: other).isEmpty)
        _ = order.conclude(one, settlesAt: nil)
        #expect(order.rivals(of: two).isEmpty)
    }

    @Test func largeDocumentsMeetSmallOnes() {
        let order = Turns()
        let large = Self.place(1, (0..<500_000).map { $0 * 2 })
        let otherLarge = Self.place(2, (0..<1000).map { $0 * 2 + 1 })
        order.enlist(large)
        order.enlist(otherLarge)
        #expect(order.take(large.drop) && order.take(otherLarge.drop))
        let small = Self.place(3, [1, 999_998])
        order.enlist(small)
        let lucky = Self.place(4, [1_000_000])
        order.enlist(lucky)
        let third = Self.place(5, (0..<100).map { 999_998 + $0 })
        order.enlist(third)
        #expect(!order.take(small.drop) && order.take(lucky.drop) && !order.take(third.drop))
        _ = order.conclude(large.drop, settlesAt: nil)
        #expect(!order.take(small.drop))
        _ = order.conclude(otherLarge.drop, settlesAt: nil)
        #expect(order.take(small.drop))
        #expect(!order.take(third.drop))
        _ = order.conclude(small.drop, settlesAt: nil)
        #expect(!order.take(third.drop), "the lucky one is not concluded")
        _ = order.conclude(lucky.drop, settlesAt: nil)
        #expect(order.take(third.drop))
    }
}

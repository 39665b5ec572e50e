import Dispatch
import Synchronization
import Testing

@testable import Documents

@Suite struct AheadTests {
    private struct Stumble: Error {}

    @Test func everyValueComesOnceAndInOrder() throws {
        for last in [0, 1, 2, 1000] {
            let count = Mutex(0)
            let ahead = Ahead<Int> {
                count.withLock { count in
                    count += 1
                    return count <= last ? count : nil
                }
            }
            var taken: [Int] = []
            while let value = try ahead.take() { taken.append(value) }
            #expect(taken == Array(0..<last).map { $0 + 1 })
            #expect(count.withLock { $0 } == last + 1, "nothing is made behind the last one")
            ahead.stop()
        }
    }

    @Test func anErrorComesInItsPlace() throws {
        let count = Mutex(0)
        let ahead = Ahead<Int> {
            try count.withLock { count in
                count += 1
                if count == 3 { throw Stumble() }
                return count
            }
        }
        #expect(try ahead.take() == 1)
        #expect(try ahead.take() == 2)
        #expect(throws: Stumble.self) { try ahead.take() }
        ahead.stop()
    }

    /// The one that is being made may read from what its maker is about to give up.
    @Test func nothingIsMadeOnceItHasStopped() throws {
        for _ in 0..<500 {
            let state = Mutex((isOver: false, late: 0))
            let ahead = Ahead<Int> {
                state.withLock { if $0.isOver { $0.late += 1 } }
                return 1
            }
            _ = try ahead.take()
            ahead.stop()
            state.withLock { $0.isOver = true }
            // Behind whatever the queue still has to do.
            DispatchQueue.global().sync {}
            #expect(state.withLock(\.late) == 0)
        }
    }

    /// One value is made while the last one is used, and no more than one.
    @Test func oneIsMadeAhead() throws {
        let made = Mutex(0)
        let isMaking = DispatchSemaphore(value: 0)
        let ahead = Ahead<Int> {
            let number = made.withLock { made in
                made += 1
                return made
            }
            isMaking.signal()
            return number
        }
        #expect(try ahead.take() == 1)
        isMaking.wait()
        isMaking.wait()
        #expect(made.withLock { $0 } == 2)
        #expect(try ahead.take() == 2)
        ahead.stop()
    }
}

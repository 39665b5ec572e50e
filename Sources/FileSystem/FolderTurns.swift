import Synchronization

/// One at a time in a folder, whoever has opened it. Folders do not wait for one another: the server of one may hang.
final class FolderTurns: Sendable {
    private struct Place: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private final class Turn: Sendable {
        let lock = Mutex(())
    }

    /// Of the folders that somebody is in or waits for, with how many do.
    private let turns = Mutex<[Place: (turn: Turn, users: Int)]>([:])

    /// Does the work when nobody else is at work in the folder.
    func inTurn<Answer>(
        in folder: Directory, _ work: () throws(SystemCallError) -> Answer
    ) throws(SystemCallError) -> Answer {
        let status = try folder.status()
        let place = Place(device: status.device, inode: status.inode)
        let turn = enter(place)
        defer { leave(place) }
        return try turn.lock.withLock { _ throws(SystemCallError) in try work() }
    }

    private func enter(_ place: Place) -> Turn {
        turns.withLock { turns in
            let (turn, users) = turns[place] ?? (Turn(), 0)
            turns[place] = (turn, users + 1)
            return turn
        }
    }

    private func leave(_ place: Place) {
        turns.withLock { turns in
            guard let (turn, users) = turns[place] else { return }
            turns[place] = users > 1 ? (turn, users - 1) : nil
        }
    }
}

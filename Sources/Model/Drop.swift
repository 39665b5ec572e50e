/// How a drop ended.
package enum Outcome: String, Sendable, Codable, CaseIterable {
    case accepted, duplicate, failed

    /// The folder that such a drop is filed in.
    package var folder: Folder { self == .failed ? .failed : .done }
}

/// The two folders where drops end.
package enum Folder: String, Sendable, Codable {
    case done, failed
}

/// A drop as it came in: what is known when it is claimed.
package struct Drop: Sendable, Hashable, Identifiable {
    package let id: DropID
    /// The place in the order in which drops became whole; unique, and never changed.
    package let arrival: Int64
    package let inbox: String
    package let name: FileName
    /// Where the claimed file lies, relative to the inbox's `work` folder.
    package let workName: WorkName
    package let bytes: Int64
    package let receivedAt: Timestamp

    package init(
        id: DropID, arrival: Int64, inbox: String, name: FileName, workName: WorkName, bytes: Int64,
        receivedAt: Timestamp
    ) {
        self.id = id
        self.arrival = arrival
        self.inbox = inbox
        self.name = name
        self.workName = workName
        self.bytes = bytes
        self.receivedAt = receivedAt
    }
}

/// A claimed file's place below `.work`: under its own name, in a numbered folder where that name is taken.
///
/// The sender's name survives in either, so that a file in `.work` which the ledger does not know can be taken
/// as the new drop that it is.
package struct WorkName: Hashable, Sendable, CustomStringConvertible {
    /// `nil`: directly in the folder.
    package let shelf: Int?
    package let name: FileName

    package init(shelf: Int? = nil, name: FileName) {
        self.shelf = shelf
        self.name = name
    }

    /// The path below `work`, as bytes.
    package var relativeBytes: [UInt8] {
        (shelf.map { Array("\($0)/".utf8) } ?? []) + name.bytes
    }

    package var description: String { FileName.escaped(relativeBytes) }
}

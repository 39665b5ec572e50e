import Model

/// How records are handed out while an XML document is read.
struct XMLWindows {
    /// So many bytes of converted records are handed out together, unless one alone has more.
    let bytes: Int
    /// The most bytes of one record's text.
    let longestRecord: Int
    /// Takes some records, whole ones, as the array of an object of their own.
    let take: (ConvertedText) throws -> Void

    /// The most bytes of a tag, a comment and the like.
    var longestItem: Int { min(32 << 20, max(longestRecord, 1 << 20)) }
}

/// Why a document cannot be read in windows.
enum XMLObstacle: Error {
    /// A record has more bytes than may be held: its number, how large it is at least, and where it begins.
    case record(Kind, index: Int, bytes: Int, TextPlace, identity: String?)
    /// The document's own reference has.
    case reference(bytes: Int)
}

import CLibXML2
import JSONText

/// A name of an element, an attribute or a namespace, as its number among the names of one document.
struct XMLName: Hashable, Sendable {
    let index: Int32
}

/// The names that one document uses, each kept once in all the spellings that are asked for.
final class XMLNames {
    /// More than any schema knows; what has more is no document of ours.
    static let most = 65_536

    // One thread reads one document, and nothing here calls anything that comes back.
    @exclusivity(unchecked) private var strings: [String] = []
    @exclusivity(unchecked) private var spellings: [UnsafeMutablePointer<xmlChar>] = []
    @exclusivity(unchecked) private var keys: [[UInt8]] = []
    /// By their bytes: two spellings of one character are two names.
    private var known: [[UInt8]: XMLName] = [:]
    /// The parser keeps a name at one address for as long as it lives, so most are found without a look at their bytes.
    @exclusivity(unchecked) private var recent: [(address: UnsafePointer<xmlChar>?, name: XMLName)]

    init() {
        recent = Array(repeating: (nil, XMLName(index: 0)), count: 1024)
    }

    deinit {
        for spelling in spellings { spelling.deallocate() }
    }

    var count: Int { strings.count }

    subscript(name: XMLName) -> String { strings[Int(name.index)] }

    /// The spelling with a NUL behind it, for C; it lives as long as this object.
    func spelling(_ name: XMLName) -> UnsafePointer<xmlChar> { UnsafePointer(spellings[Int(name.index)]) }

    /// The name as a member's key in JSON, with its colon.
    func key(_ name: XMLName) -> [UInt8] { keys[Int(name.index)] }

    /// - Parameter address: a name that the parser keeps, of the one parser that this object serves.
    func name(at address: UnsafePointer<xmlChar>) -> XMLName {
        let bits = UInt(bitPattern: address)
        let slot = Int((bits ^ (bits >> 10)) & 1023)
        if recent[slot].address == address { return recent[slot].name }
        let name = name(String(cString: address))
        recent[slot] = (address, name)
        return name
    }

    func name(_ text: String) -> XMLName {
        let bytes = Array(text.utf8)
        if let name = known[bytes] { return name }
        let name = XMLName(index: Int32(strings.count))
        let spelling = UnsafeMutablePointer<xmlChar>.allocate(capacity: bytes.count + 1)
        spelling.initialize(from: bytes + [0], count: bytes.count + 1)
        var key: [UInt8] = []
        key.appendJSONString(text)
        key.append(UInt8(ascii: ":"))
        strings.append(text)
        spellings.append(spelling)
        keys.append(key)
        known[bytes] = name
        return name
    }
}

/// The order in which the members of objects came last.
///
/// Objects of one sort mostly have the same keys in the same order: a key is first compared with the name that followed
/// the last time, and looked up only where it is another. A place is the slot of the member before, or the start of a
/// rule's objects.
struct MemberOrder: ~Copyable {
    /// For each place the slot of the name that came there, or `none`: slots first, then starts.
    private let followers: UnsafeMutablePointer<Int32>
    private let slotCount: Int

    init(_ program: SchemaProgram) {
        slotCount = program.slots.count
        let count = slotCount + program.objects.count
        followers = UnsafeMutablePointer<Int32>.allocate(capacity: count)
        followers.initialize(repeating: none, count: count)
    }

    deinit { followers.deallocate() }

    /// The place before the first member of an object that is judged by the rule.
    @inline(__always)
    func start(of rule: Int32) -> Int { slotCount + Int(rule) }

    @inline(__always)
    subscript(place: Int) -> Int32 {
        get { followers[place] }
        nonmutating set { followers[place] = newValue }
    }
}

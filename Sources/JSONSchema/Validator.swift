import JSONText

/// Applies a program to a value of a document.
///
/// It runs in one of two modes. Silently it stops at the first violation and notes nothing; that is all a valid document
/// needs. Otherwise it goes on and notes every violation as a ``Finding``.
struct Validator: ~Copyable {
    let program: SchemaProgram
    let tree: JSONTree
    let limit: Int
    /// References that may still be followed; see ``follow(_:_:_:)``.
    private var budget: Int
    var isSilent = true
    var findings: [Finding] = []
    var findingCount = 0
    var matcher = PatternMatcher()
    var order: MemberOrder
    /// The schema refers to itself too often for the value to be judged.
    var isEndless = false
    /// References that are being followed on one and the same value.
    private var hops = 0
    private var hopNode = -1
    /// The resources that were entered, the outermost first; kept only where a reference is dynamic.
    private var scope: [Int32] = []
    private let keepsScope: Bool

    private static var hopLimit: Int { 200 }

    init(_ program: SchemaProgram, _ tree: JSONTree, bytes: Int, limit: Int) {
        self.program = program
        self.tree = tree
        self.limit = limit
        budget = 1_000_000 + 16 * bytes
        order = MemberOrder(program)
        keepsScope = program.dynamicReferences.count > 0
    }

    /// Notes a violation, unless silent.
    @inline(never)
    mutating func note(
        _ keyword: Keyword, _ schema: Int32, _ node: Int, mark: Int? = nil, argument: Int = 0, second: Int = 0
    ) {
        guard !isSilent else { return }
        findingCount += 1
        guard findings.count < limit else { return }
        findings.append(
            Finding(
                keyword: keyword, schema: schema, node: node, mark: mark ?? node, argument: argument, second: second))
    }

    /// Findings that were made before it turned out that nothing can be said.
    mutating func forgetFindings() { (findings, findingCount) = ([], 0) }

    /// Whether `node` fits `schema`.
    mutating func check(_ schema: Int32, _ node: Int, _ tracker: Tracker?) -> Bool {
        let rules = program.nodes[schema]
        let word = tree.word(node)
        let types = TypeMask(tag: word.tag)
        if rules.accepted.isSuperset(of: types) { return true }
        if rules.types.isDisjoint(with: types) || rules.isFalse {
            note(rules.isFalse ? .false : .type, schema, node, argument: Int(rules.types.rawValue))
            return false
        }
        let isEntered = keepsScope && scope.last != rules.resource
        if isEntered { scope.append(rules.resource) }
        let isValid =
            rules.tracks
            ? applyTracking(rules, schema, node, word, tracker) : applyRules(rules, schema, node, word, tracker)
        if isEntered { scope.removeLast() }
        return isValid
    }

    @inline(__always)
    private mutating func applyRules(
        _ rules: SchemaNode, _ schema: Int32, _ node: Int, _ word: JSONWord, _ tracker: Tracker?
    ) -> Bool {
        var isValid = true
        switch word.tag {
        case JSONWord.Tag.number:
            let isPlain = word.flag && word.length <= 18
            if !isPlain, !rules.types.contains(.number) { isValid = checkInteger(rules, schema, node, word) }
            if rules.number >= 0, !checkNumber(rules.number, schema, node, word) { isValid = false }
        case JSONWord.Tag.string:
            if rules.string >= 0 { isValid = checkString(rules.string, schema, node, word) }
        case JSONWord.Tag.array:
            if rules.array >= 0 { isValid = checkArray(rules.array, schema, node, word, tracker) }
        case JSONWord.Tag.object:
            if rules.object >= 0 { isValid = checkObject(rules.object, schema, node, word, tracker) }
        default: break
        }
        if rules.logic >= 0, isValid || !isSilent, !checkLogic(rules.logic, schema, node, word, tracker) {
            isValid = false
        }
        return isValid
    }

    /// The bits of a number's type are checked here where `type` distinguishes integers. A number that is written
    /// without point and exponent but is long still counts as an integer.
    private mutating func checkInteger(_ rules: SchemaNode, _ schema: Int32, _ node: Int, _ word: JSONWord) -> Bool {
        let isInteger = word.flag || JSONDecimal(tree.text + word.start, count: word.length).isInteger
        guard !rules.types.contains(isInteger ? .integer : .fraction) else { return true }
        note(.type, schema, node, argument: Int(rules.types.rawValue))
        return false
    }

    /// A schema with `unevaluated…` sees what itself and the schemas it applies evaluated, and passes it on outward.
    @inline(never)
    private mutating func applyTracking(
        _ rules: SchemaNode, _ schema: Int32, _ node: Int, _ word: JSONWord, _ outer: Tracker?
    ) -> Bool {
        guard word.isContainer else { return applyRules(rules, schema, node, word, nil) }
        var evaluated = Evaluated(count: word.count)
        var isValid = applyRules(rules, schema, node, word, &evaluated)
        // After a failure too little is marked: what is unevaluated then would mislead.
        guard isValid else { return false }
        let isObject = word.tag == JSONWord.Tag.object
        let rest =
            isObject
            ? (rules.object >= 0 ? program.objects[rules.object].unevaluated : none)
            : (rules.array >= 0 ? program.arrays[rules.array].unevaluated : none)
        if rest >= 0 {
            var child = tree.firstChild(of: node)
            for index in 0..<word.count {
                let value = isObject ? child + 1 : child
                if !evaluated.contains(index) {
                    if program.nodes[rest].isFalse {
                        note(isObject ? .unevaluatedProperties : .unevaluatedItems, schema, value, mark: child)
                        isValid = false
                    } else if !check(rest, value, nil) {
                        isValid = false
                    }
                    if !isValid, isSilent { return false }
                    evaluated.insert(index)
                }
                child = tree.next(after: value)
            }
        }
        if isValid { outer?.pointee.formUnion(evaluated) }
        return isValid
    }

    // MARK: References

    /// Applies the schema that a reference leads to.
    ///
    /// Recursion needs references, so they are where work is bounded: so many on one value, which only a loop through
    /// dynamic references reaches, and so many in all, in proportion to the text, which only alternatives that each
    /// recurse reach. After that nothing is followed any more.
    mutating func follow(_ target: Int32, _ node: Int, _ tracker: Tracker?) -> Bool {
        let outer = (hops, hopNode)
        if hopNode != node { (hops, hopNode) = (0, node) }
        hops += 1
        budget -= 1
        defer { (hops, hopNode) = outer }
        guard hops <= Self.hopLimit, budget >= 0, !isEndless else {
            isEndless = true
            return false
        }
        return check(target, node, tracker)
    }

    /// Where a dynamic reference leads: to the outermost resource of the scope that has its anchor.
    func resolve(_ reference: DynamicReference) -> Int32 {
        guard reference.anchor >= 0 else { return reference.initial }
        let first = Int(reference.anchor) * program.resourceCount
        for resource in scope {
            let target = program.dynamicAnchors[first + Int(resource)]
            if target >= 0 { return target }
        }
        return reference.initial
    }

    // MARK: Strings

    /// Lends the plain bytes of a string or key.
    @inline(__always)
    mutating func withPlainBytes<R>(
        _ word: JSONWord, _ body: (inout Validator, UnsafeBufferPointer<UInt8>) -> R
    ) -> R {
        guard word.flag else {
            return body(&self, UnsafeBufferPointer(start: tree.text + word.start + 1, count: word.length - 2))
        }
        return withDecodedBytes(word, body)
    }

    @inline(never)
    private mutating func withDecodedBytes<R>(
        _ word: JSONWord, _ body: (inout Validator, UnsafeBufferPointer<UInt8>) -> R
    ) -> R {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(word.length)
        JSONEscaping.decode(tree.text, word) { bytes.append($0) }
        bytes.append(0)  // so that there is an address even for no bytes
        return bytes.withUnsafeBufferPointer {
            body(&self, UnsafeBufferPointer(start: $0.baseAddress, count: $0.count - 1))
        }
    }
}

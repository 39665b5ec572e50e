import JSONText

/// `mapping` and `set` for the records of one XML document.
struct XMLMapping {
    /// A field that gets the name of another.
    struct Collision {
        let field: String
        let message: String
        let place: TextPlace
    }

    /// The constants as JSON text.
    let literals: [[UInt8]]

    private let fields: FieldMapping
    private let names: XMLNames
    /// By the sender's name: the new one, or `nil` where a constant takes its place.
    private var targets: [XMLName: XMLName?] = [:]
    private let constants: [(name: XMLName, text: [UInt8], isNull: Bool)]

    init(_ fields: FieldMapping, _ names: XMLNames) {
        self.fields = fields
        self.names = names
        literals = fields.constantsInOrder.map { Array($0.literal.utf8) }
        constants = fields.constantsInOrder.map { name, literal in
            (names.name(name), Array(XMLMapping.text(of: literal).utf8), literal == "null")
        }
    }

    /// Renames a record's fields and puts the constants behind them.
    ///
    /// - Returns: a field that gets the name of another.
    mutating func apply(to record: inout XMLRecord) -> Collision? {
        guard !fields.isEmpty else { return nil }
        var collision: Collision?
        /// By the new name, the sender's field that has it.
        var owners: [XMLName: (field: XMLName, place: TextPlace)] = [:]
        var child = 1
        while child < record.nodes.count {
            let node = record.nodes[child]
            defer { child = Int(node.end) }
            guard let target = target(of: node.name) else {
                record.drop(child)
                continue
            }
            if let owner = owners[target] {
                if owner.field != node.name, collision == nil { collision = self.collision(owner, node, target) }
            } else {
                owners[target] = (node.name, node.place)
            }
            record.rename(child, target)
        }
        for (index, constant) in constants.enumerated() {
            record.append(constant.name, constant: index, text: constant.text, isNull: constant.isNull)
        }
        return collision
    }

    private mutating func target(of name: XMLName) -> XMLName? {
        if let target = targets[name] { return target }
        let target = fields.name(of: names[name]).map { names.name($0) }
        targets[name] = .some(target)
        return target
    }

    private func collision(
        _ owner: (field: XMLName, place: TextPlace), _ node: XMLRecord.Node, _ target: XMLName
    ) -> Collision {
        // It is shown at a field that is mapped, which one of them is.
        let isOwnName = node.name == target
        let shown = names[isOwnName ? owner.field : node.name]
        let other = names[isOwnName ? node.name : owner.field]
        return Collision(
            field: shown, message: FieldMapping.collision(shown, other, names[target]),
            place: isOwnName ? owner.place : node.place)
    }

    /// What a constant would be as the text of an element.
    private static func text(of literal: String) -> String {
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: Array(literal.utf8)).root.string ?? literal
        } catch {
            return literal
        }
    }
}

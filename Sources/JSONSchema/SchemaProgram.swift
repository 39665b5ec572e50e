import JSONText

/// Elements of one sort, never changed.
struct Pool<Element: BitwiseCopyable> {
    let base: UnsafePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        elements.withUnsafeBufferPointer { buffer in
            if let source = buffer.baseAddress { copy.initialize(from: source, count: buffer.count) }
        }
        base = UnsafePointer(copy)
        count = elements.count
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        assert(index >= 0 && index < count)
        return base[index]
    }

    @inline(__always)
    subscript(index: Int32) -> Element { self[Int(index)] }

    fileprivate func free() { UnsafeMutablePointer(mutating: base).deallocate() }
}

/// A compiled schema: flat pools that refer to each other by index.
///
/// `@unchecked Sendable`: every property is a constant, the pools are filled by `init` and freed by `deinit` alone, and
/// nothing hands out a way to write them.
final class SchemaProgram: @unchecked Sendable {
    let nodes: Pool<SchemaNode>
    let numbers: Pool<NumberRule>
    let strings: Pool<StringRule>
    let arrays: Pool<ArrayRule>
    let objects: Pool<ObjectRule>
    let logics: Pool<LogicRule>
    let slots: Pool<PropertySlot>
    let names: Pool<NameRange>
    let nameBytes: Pool<UInt8>
    /// Schemas, patterns and names that ranges refer to.
    let links: Pool<Int32>
    let dynamicReferences: Pool<DynamicReference>
    /// For each name of a dynamic anchor and each resource the schema it has there.
    let dynamicAnchors: Pool<Int32>
    let resourceCount: Int
    let decimals: [JSONDecimal]
    let patterns: [Pattern]
    let valueSets: [ValueSet]
    /// Where each node stands, for messages.
    let locations: [String]

    init(_ builder: ProgramBuilder, resourceCount: Int, dynamicAnchors: [Int32], locations: [String]) {
        nodes = Pool(builder.nodes)
        numbers = Pool(builder.numbers)
        strings = Pool(builder.strings)
        arrays = Pool(builder.arrays)
        objects = Pool(builder.objects)
        logics = Pool(builder.logics)
        slots = Pool(builder.slots)
        names = Pool(builder.names)
        nameBytes = Pool(builder.nameBytes)
        links = Pool(builder.links)
        dynamicReferences = Pool(builder.dynamicReferences)
        self.dynamicAnchors = Pool(dynamicAnchors)
        self.resourceCount = resourceCount
        decimals = builder.decimals
        patterns = builder.patterns
        valueSets = builder.valueSets
        self.locations = locations
    }

    deinit {
        nodes.free()
        numbers.free()
        strings.free()
        arrays.free()
        objects.free()
        logics.free()
        slots.free()
        names.free()
        nameBytes.free()
        links.free()
        dynamicReferences.free()
        dynamicAnchors.free()
    }

    func name(_ index: Int32) -> String {
        let range = names[index]
        return String(
            decoding: UnsafeBufferPointer(start: nameBytes.base + Int(range.start), count: Int(range.count)),
            as: UTF8.self)
    }

    /// The slot of a property's name; `none` if the rule's table has none.
    @inline(__always)
    func slot(_ rule: ObjectRule, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        guard rule.slotMask >= 0 else { return none }
        var index = Int32(bitPattern: nameHash(bytes, count)) & rule.slotMask
        while true {
            let slot = slots[rule.firstSlot + index]
            if slot.name < 0 { return none }
            if isName(slot.range, bytes, count) { return rule.firstSlot + index }
            index = (index + 1) & rule.slotMask
        }
    }

    @inline(__always)
    func isName(_ name: NameRange, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        Int(name.count) == count && sameBytes(nameBytes.base + Int(name.start), bytes, count)
    }
}

/// A hash for the tables of names. They hold the schema's names alone, so documents cannot make them long.
@inline(__always)
func nameHash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    let raw = UnsafeRawPointer(bytes)
    var mixed = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    if count >= 8 {
        mixed ^= raw.loadUnaligned(as: UInt64.self) &* 0xC2B2_AE3D_27D4_EB4F
        mixed ^= raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) &* 0x1656_67B1_9E37_79F9
        if count > 16 {
            mixed ^= raw.loadUnaligned(fromByteOffset: count / 2 - 4, as: UInt64.self) &* 0xA24B_AED4_963E_E407
        }
    } else if count >= 4 {
        let ends =
            UInt64(raw.loadUnaligned(as: UInt32.self)) << 32
            | UInt64(raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        mixed ^= ends &* 0xC2B2_AE3D_27D4_EB4F
    } else if count > 0 {
        let ends = UInt64(bytes[0]) << 16 | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1])
        mixed ^= ends &* 0xC2B2_AE3D_27D4_EB4F
    }
    mixed ^= mixed >> 29
    mixed = mixed &* 0xBF58_476D_1CE4_E5B9
    return UInt32(truncatingIfNeeded: mixed >> 32)
}

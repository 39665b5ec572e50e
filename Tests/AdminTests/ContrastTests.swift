import Foundation
import Testing

@testable import Admin

/// The contrast of the style's colours, by WCAG 2.2: 4.5 for text (1.4.3), 3 for what is not (1.4.11).
struct ContrastTests {
    static let text = [
        ("text", "ground"), ("text", "surface"), ("quiet", "ground"), ("quiet", "surface"), ("link", "ground"),
        ("link", "surface"), ("good", "ground"), ("good", "surface"), ("bad", "ground"), ("bad", "surface"),
        ("warn", "ground"), ("warn", "surface"), ("button-text", "button"), ("mark-text", "mark"), ("text", "hit"),
        ("quiet", "hit"),
    ]
    static let shapes = [
        ("bar", "surface"), ("refused", "surface"), ("refused", "hit"), ("edge", "surface"), ("edge", "ground"),
        ("quiet", "surface"), ("link", "surface"), ("link", "ground"), ("button", "surface"),
    ]

    @Test(arguments: [false, true], text)
    func textCanBeRead(isDark: Bool, pair: (String, String)) throws {
        #expect(try Palette(isDark: isDark).contrast(pair.0, pair.1) >= 4.5, "\(pair)")
    }

    @Test(arguments: [false, true], shapes)
    func shapesCanBeSeen(isDark: Bool, pair: (String, String)) throws {
        #expect(try Palette(isDark: isDark).contrast(pair.0, pair.1) >= 3, "\(pair)")
    }

    @Test func theStyleHasNoOtherColours() throws {
        let style = String(decoding: PackageResources.style_css, as: UTF8.self)
        let rules = style.split(separator: "\n").filter { !$0.contains(/^\s*--[a-z-]+:/) }.joined(separator: "\n")
        #expect(rules.firstMatch(of: /#[0-9a-fA-F]{3,8}\b|rgb|hsl|opacity:\s*0/) == nil)
        #expect(style.firstMatch(of: /@import|url\(/) == nil)
        let light = try Palette(isDark: false)
        #expect(Set(light.colors.keys) == Set(try Palette(isDark: true).own.keys))
        let used = Set(rules.matches(of: /var\(--([a-z-]+)\)/).map { String($0.1) })
        #expect(used == Set(light.colors.keys))
    }

    @Test func knownContrasts() throws {
        #expect(abs(Palette.contrast((0, 0, 0), (255, 255, 255)) - 21) < 0.001)
        #expect(abs(Palette.contrast((0x77, 0x77, 0x77), (255, 255, 255)) - 4.478) < 0.001)
    }
}

private struct Palette {
    typealias Color = (red: Int, green: Int, blue: Int)

    var colors: [String: Color] = [:]
    /// What the dark one says itself.
    var own: [String: Color] = [:]

    init(isDark: Bool) throws {
        let style = String(decoding: PackageResources.style_css, as: UTF8.self)
        let parts = style.components(separatedBy: "@media (prefers-color-scheme: dark)")
        try #require(parts.count == 2)
        colors = Palette.read(parts[0])
        if isDark {
            own = Palette.read(parts[1])
            colors.merge(own) { $1 }
        }
    }

    private static func read(_ text: String) -> [String: Color] {
        let pairs = text.matches(of: /--([a-z-]+):\s*#([0-9a-f]{6});/).map { match in
            let value = Int(match.2, radix: 16) ?? 0
            return (String(match.1), (red: value >> 16, green: value >> 8 & 255, blue: value & 255))
        }
        return Dictionary(pairs) { $1 }
    }

    func contrast(_ one: String, _ other: String) throws -> Double {
        Palette.contrast(try #require(colors[one]), try #require(colors[other]))
    }

    static func contrast(_ one: Color, _ other: Color) -> Double {
        let (light, dark) = (max(luminance(one), luminance(other)), min(luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)
    }

    private static func luminance(_ color: Color) -> Double {
        func linear(_ part: Int) -> Double {
            let value = Double(part) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
    }
}

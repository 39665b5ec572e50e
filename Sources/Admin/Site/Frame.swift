import Foundation
import Hummingbird
import Model
import Service

/// What every page has around it.
struct Frame: Sendable {
    var title: String
    /// The page in the menu that this one is.
    var isOverview = false
    var isFailed = false
    var isDrops = false
    var version: String
    var zone: String
    /// Its own address, where a form leads back to.
    var here: String
    var styleLink: String
    var scriptLink: String
    /// There is a token, and nobody is logged in: the way to the login page.
    var loginLink: String?
    /// Of the session; `nil`: nobody is logged in.
    var formToken: String?
    /// What the last action did.
    var notice: String?
}

/// A moment for people and for machines.
struct When: Sendable, Equatable {
    var iso: String
    var text: String

    init(_ time: Timestamp) {
        iso = time.description
        text = time.local("%Y-%m-%d %H:%M:%S")
    }

    init?(_ time: Timestamp?) {
        guard let time else { return nil }
        self.init(time)
    }

    static func zone(at time: Timestamp) -> String { time.local("%Z (UTC%z)") }
}

/// A length of time for people: `4 s`, `12 min`, `3 h 20 min`, `5 d 2 h`.
enum Lasting {
    static func text(_ duration: Duration) -> String {
        let seconds = Int(max(0, duration.inSeconds))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86_400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }
}

/// Where an address of ours leads to, from what somebody offered.
enum LocalPath {
    /// - Returns: `/` for whatever could lead elsewhere.
    static func safe(_ offered: String?) -> String {
        guard let offered, offered.hasPrefix("/"), !offered.hasPrefix("//"),
            offered.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return offered
    }
}

extension Response {
    static func html(_ text: String, _ status: HTTPResponse.Status = .ok) -> Response {
        .text(text, status, type: "text/html; charset=utf-8")
    }

    /// To another page, with GET.
    static func see(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: LocalPath.safe(path)])
    }
}

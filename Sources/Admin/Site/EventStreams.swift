import Hummingbird
import Model
import NIOCore
import Service
import Synchronization

/// Tells open pages that something is new (server-sent events, HTML section 9.2): they then fetch themselves again.
struct EventStreams: Sendable {
    /// More pages than that are not kept up to date.
    static let most = 32
    private static let interval = Duration.seconds(1)

    private final class Seats: Sendable {
        private let taken = Mutex(0)

        func take() -> Bool {
            taken.withLock { taken in
                guard taken < EventStreams.most else { return false }
                taken += 1
                return true
            }
        }

        func give() { taken.withLock { $0 -= 1 } }
        var count: Int { taken.withLock { $0 } }
    }

    let service: SluiceService
    let time: any TimeSource
    private let seats = Seats()

    init(_ service: SluiceService, time: any TimeSource) {
        self.service = service
        self.time = time
    }

    var count: Int { seats.count }

    func response(to request: Request) throws -> Response {
        guard count < EventStreams.most else {
            throw HTTPError(
                .serviceUnavailable, message: "Too many pages are open; load the page again to see what is new.")
        }
        let body = ResponseBody { writer in
            // Between the look above and here others may have come.
            guard seats.take() else { return try await writer.finish(nil) }
            defer { seats.give() }
            var output = writer
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in try await tell(&output) }
            } catch is CancellationError {
                // The page was closed, or the service stops.
            }
            try await output.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"], body: body)
    }

    private func tell(_ writer: inout any ResponseBodyWriter) async throws {
        var feed = EventFeed(version: service.monitor.current.version, at: time.moment)
        try await writer.write(ByteBuffer(string: EventFeed.opening))
        while !Task.isCancelled {
            try await Task.sleep(for: EventStreams.interval)
            if let words = feed.words(version: service.monitor.current.version, at: time.moment) {
                try await writer.write(ByteBuffer(string: words))
            }
        }
    }
}

/// What one stream says, and when.
struct EventFeed: Sendable {
    /// A browser that lost the stream asks again after three seconds.
    static let opening = "retry: 3000\n\n"
    /// So often something is said, so that whoever is between does not take the stream for dead.
    static let heartbeat = Duration.seconds(15)

    private var known: UInt64
    private var lastWords: Moment

    init(version: UInt64, at now: Moment) {
        known = version
        lastWords = now
    }

    /// - Returns: `nil`: nothing is new.
    mutating func words(version: UInt64, at now: Moment) -> String? {
        if version != known {
            (known, lastWords) = (version, now)
            return "event: change\ndata: {\"version\": \(version)}\n\n"
        }
        guard now - lastWords >= EventFeed.heartbeat else { return nil }
        lastWords = now
        return ": still here\n\n"
    }
}

import Hummingbird
import NIOCore
import NIOHTTP1

/// A request's context: its connection besides what the server needs.
struct SandboxContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Thrown to the server so that it writes no answer: the connection is closed already.
struct ConnectionClosed: Error {}

/// How endings become bytes, or the lack of them.
extension Sandbox {
    /// Answers a request, or does worse to it.
    func respond(to request: Request, context: SandboxContext) async throws -> Response {
        if let page = try page(for: request) { return Self.response(page) }
        let channel = context.channel
        // A stream of HTTP/2 is a channel on a connection's, which is one on the server's.
        switch try await ending(of: request, isHTTP2: channel.parent?.parent != nil) {
        case .answer(let answer):
            return Self.response(answer)
        case .answerAndClose(let answer):
            return Self.lastResponse(answer, on: channel)
        case .tear(let answer):
            return Self.tornResponse(answer, on: channel)
        case .close:
            try await Self.close(channel)
            throw ConnectionClosed()
        case .cut:
            // Some of the body, if there is any, and no more.
            for try await _ in request.body { break }
            try await Self.close(channel)
            throw ConnectionClosed()
        case .garbage:
            try await Self.say("good morning, this is no HTTP\r\n\r\n", on: channel)
            try await Self.close(channel)
            throw ConnectionClosed()
        case .long(let answer, let bytes):
            return Self.longResponse(answer, bytes: bytes, on: channel)
        case .silence:
            try await Self.waitForClose(of: channel)
            throw ConnectionClosed()
        }
    }

    static func header(_ name: String, of request: Request) -> String? {
        HTTPFields.Element.Name(name).flatMap { request.headers[$0] }
    }

    private static func response(_ answer: Answer) -> Response {
        Response(
            status: HTTPResponse.Status(code: answer.status), headers: fields(answer),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    /// An answer after which the connection ends. Closing it at once would reset it under a client that is still
    /// sending, and the answer would be lost: so the rest of the body is thrown away for a second more.
    private static func lastResponse(_ answer: Answer, on channel: any Channel) -> Response {
        let body = ResponseBody(contentLength: answer.body.count) { writer in
            try await writer.write(ByteBuffer(bytes: answer.body))
            try await writer.finish(nil)
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        return Response(status: HTTPResponse.Status(code: answer.status), headers: fields(answer), body: body)
    }

    /// The head, half of the body, and then nothing.
    private static func tornResponse(_ answer: Answer, on channel: any Channel) -> Response {
        let body = ResponseBody(contentLength: answer.body.count) { writer in
            try await writer.write(ByteBuffer(bytes: answer.body.prefix(answer.body.count / 2)))
            try await close(channel)
            throw ConnectionClosed()
        }
        return Response(status: HTTPResponse.Status(code: answer.status), headers: fields(answer), body: body)
    }

    /// An answer whose body goes on and on: as fast as it is taken, or without a length a little at a time for ever.
    private static func longResponse(_ answer: Answer, bytes: Int?, on channel: any Channel) -> Response {
        let piece = ByteBuffer(repeating: UInt8(ascii: " "), count: 64 * 1024)
        let body = ResponseBody(contentLength: bytes) { writer in
            var left = bytes ?? .max
            while left > 0 && channel.isActive {
                let size = min(left, bytes == nil ? 16 : piece.readableBytes)
                try await writer.write(piece.getSlice(at: 0, length: size) ?? piece)
                left -= size
                if bytes == nil { try await Task.sleep(for: .milliseconds(50)) }
            }
            try await writer.finish(nil)
        }
        return Response(status: HTTPResponse.Status(code: answer.status), headers: fields(answer), body: body)
    }

    /// Writes bytes as they are, past whatever would make HTTP of them.
    private static func say(_ text: String, on channel: any Channel) async throws {
        try await channel.eventLoop.submit {
            let encoder = try channel.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            encoder.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
        }.get()
    }

    private static func fields(_ answer: Answer) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPFields.Element.Name(name) else { continue }
            fields.append(HTTPFields.Element(name: name, value: value))
        }
        return fields
    }

    private static func close(_ channel: any Channel) async throws {
        channel.close(promise: nil)
        try await channel.closeFuture.get()
    }

    /// Waits until the client hangs up or the server stops. Without the option, a client that hangs up would only
    /// half-close the connection, and nobody would read that it did.
    private static func waitForClose(of channel: any Channel) async throws {
        try await channel.setOption(ChannelOptions.allowRemoteHalfClosure, value: false).get()
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

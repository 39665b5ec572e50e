import Hummingbird
import NIOCore

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
        switch try await ending(of: request) {
        case .answer(let answer):
            return Self.response(answer)
        case .answerAndClose(let answer):
            return Self.lastResponse(answer, on: channel)
        case .tear(let answer):
            return Self.tornResponse(answer, on: channel)
        case .close:
            try await Self.close(channel)
            throw ConnectionClosed()
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

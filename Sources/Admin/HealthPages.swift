import Hummingbird
import Service

/// Whether the process lives, and whether it does its work, for whatever restarts or routes by it.
struct HealthPages: Sendable {
    let service: SluiceService

    func add(to router: Router<BasicRequestContext>) {
        router.get("health/live") { _, _ in Response.text("live\n") }
        router.get("health/ready") { _, _ in
            let live = await service.live()
            guard live.state.isReady else {
                return Response.text(live.state.isStopping ? "stopping\n" : "starting\n", .serviceUnavailable)
            }
            let troubles = live.troubles
            return Response.text("ready\n" + troubles.map { "degraded: \($0)\n" }.joined())
        }
    }
}

extension Response {
    static func text(
        _ text: String, _ status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

import Crypto
import Hummingbird
import Model
import NIOCore

/// The style and the script, each under an address that changes with it, so that a browser may keep them.
struct Assets: Sendable {
    let styleLink = Assets.link("style.css", PackageResources.style_css)
    let scriptLink = Assets.link("app.js", PackageResources.app_js)

    func add(to routes: inout Routes) {
        routes.add("/style.css", get: Assets.handler(PackageResources.style_css, "text/css; charset=utf-8"))
        routes.add("/app.js", get: Assets.handler(PackageResources.app_js, "text/javascript; charset=utf-8"))
        routes.add("/icon.svg", get: Assets.handler(PackageResources.icon_svg, "image/svg+xml"))
    }

    private static func link(_ name: String, _ bytes: [UInt8]) -> String {
        "/\(name)?v=\(Array(SHA256.hash(data: bytes).prefix(6)).hex)"
    }

    private static func handler(_ bytes: [UInt8], _ type: String) -> Routes.Handler {
        let buffer = ByteBuffer(bytes: bytes)
        return { request, _ in
            let isVersioned = request.uri.query?.hasPrefix("v=") == true
            return Response(
                status: .ok,
                headers: [
                    .contentType: type,
                    .cacheControl: isVersioned ? "public, max-age=31536000, immutable" : "no-cache",
                ], body: ResponseBody(byteBuffer: buffer))
        }
    }
}

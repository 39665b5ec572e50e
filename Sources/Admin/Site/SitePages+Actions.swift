import FileSystem
import Foundation
import Hummingbird
import Ledger
import Logging
import Model
import Service
import SluiceConfiguration

/// What only those may do who know the token.
extension SitePages {
    @Sendable func showLogin(_ request: Request, _: Context) async throws -> Response {
        guard door.visitor(request).canLogIn else {
            throw HTTPError(.notFound, message: "There is nothing to log in to: no admin.token is configured.")
        }
        let next = LocalPath.safe(FormFields(request.uri.query ?? "")["next"])
        return render("login", LoginPage(frame: loginFrame(request), next: next))
    }

    @Sendable func logIn(_ request: Request, _: Context) async throws -> Response {
        _ = try door.admit(request)
        let form = try await FormFields(bodyOf: request)
        let next = LocalPath.safe(form["next"])
        switch door.logIn(with: form["token"] ?? "", isHTTPS: SitesOwn.isHTTPS(request)) {
        case .welcome(let cookie):
            logger.notice("admin logged in")
            var response = Response.see(next)
            response.headers[.setCookie] = cookie
            return response
        case .wrong:
            logger.warning("admin login refused")
            return render(
                "login", LoginPage(frame: loginFrame(request), next: next, complaint: "That is not the token."),
                .forbidden)
        case .wait(let wait):
            let seconds = Int(wait.inSeconds.rounded(.up))
            var response = render(
                "login",
                LoginPage(
                    frame: loginFrame(request), next: next,
                    complaint: "Too many wrong tokens. Try again in \(seconds) seconds."), .tooManyRequests)
            response.headers[.retryAfter] = String(seconds)
            return response
        }
    }

    @Sendable func logOut(_ request: Request, _: Context) async throws -> Response {
        let visitor = try await admit(request).visitor
        var response = Response.see("/")
        response.headers[.setCookie] = door.logOut(visitor, isHTTPS: SitesOwn.isHTTPS(request))
        return response
    }

    @Sendable func retry(_ request: Request, _ context: Context) async throws -> Response {
        let (visitor, form) = try await admit(request)
        let id = DropID(text: context.parameters.get("id").flatMap { FormFields.decode($0) } ?? "")
        let terms = RetryTerms(
            asNew: form["asNew"] != nil, sendTwice: form["sendTwice"] != nil, stale: form["stale"] != nil)
        return try await act(visitor, form, AdminAction(terms, of: id)) {
            "\(try await service.retry(id, terms)) is back in its inbox."
        }
    }

    @Sendable func retryAll(_ request: Request, _: Context) async throws -> Response {
        let (visitor, form) = try await admit(request)
        return try await act(visitor, form, AdminAction(action: "retry all retryable", subject: nil)) {
            let drops = try await service.administration().retryable()
            var (done, refused) = (0, 0)
            var fault: SystemCallError?
            for entry in drops {
                do {
                    _ = try await service.retry(entry.drop.id)
                    done += 1
                } catch is Administration.Refusal {
                    // It went meanwhile.
                    refused += 1
                } catch let error as SystemCallError {
                    refused += 1
                    fault = error
                }
            }
            let why = fault.map { ": \($0)" } ?? ""
            let rest = refused > 0 ? " \(refused) could not be put back\(why)." : ""
            return drops.isEmpty
                ? "No failed drop would go through unchanged."
                : "\(done) drop\(done == 1 ? " is" : "s are") back in the inbox.\(rest)"
        }
    }

    @Sendable func pause(_ request: Request, _: Context) async throws -> Response {
        let (visitor, form) = try await admit(request)
        let inbox = await inbox(request)
        return try await act(visitor, form, AdminAction(action: "pause", subject: inbox)) {
            try await service.pause(inbox)
            return inbox.map { "\(FileName.escaped($0.utf8)) is paused." } ?? "Everything is paused."
        }
    }

    @Sendable func resume(_ request: Request, _: Context) async throws -> Response {
        let (visitor, form) = try await admit(request)
        let inbox = await inbox(request)
        return try await act(visitor, form, AdminAction(action: "resume", subject: inbox)) {
            try await service.resume(inbox)
            return inbox.map { "\(FileName.escaped($0.utf8)) goes on." } ?? "Everything goes on."
        }
    }

    private func admit(_ request: Request) async throws -> (visitor: Door.Visitor, form: FormFields) {
        _ = try door.admit(request)
        let form = try await FormFields(bodyOf: request)
        return (try door.admit(request, form), form)
    }

    /// Does it, and leads back with a word of what was done or why not.
    private func act(
        _ visitor: Door.Visitor, _ form: FormFields, _ action: AdminAction, _ work: () async throws -> String
    ) async throws -> Response {
        let words: String
        do {
            words = try await work()
            logger.log(action)
        } catch let refusal as Administration.Refusal {
            words = "Not done: \(refusal)."
        } catch let unknown as Administration.Unknown {
            words = "Not done: \(unknown)."
        } catch let error as SystemCallError {
            words = "Not done: \(error)."
        }
        await overview.forget()
        door.leave(words, for: visitor)
        return .see(LocalPath.safe(form["back"]))
    }

    private func inbox(_ request: Request) async -> String? {
        let names = await service.administration().configuration.expandedInboxes().map(\.name)
        return SitePages.inbox(FormFields(request.uri.query ?? "")["inbox"], among: names)
    }

    private func loginFrame(_ request: Request) -> Frame {
        var frame = frame("Log in", request)
        frame.loginLink = nil
        return frame
    }
}

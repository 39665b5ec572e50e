import Delivery
import Filing
import Inbox
import Logging
import Model
import SluiceConfiguration
import SystemPackage

/// Tells the log what the service tells: constant messages, the rest as metadata, never a field's value.
package struct EventLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) {
        self.logger = logger
    }

    package func log(_ event: ServiceEvent) {
        switch event {
        case .started(let inboxes):
            logger.notice("started", metadata: ["inboxes": "\(inboxes.joined(separator: ","))"])
        case .stopping: logger.notice("stopping")
        case .stopped: logger.notice("stopped")
        case .inbox(let name, let event): log(name, event)
        case .inboxFound(let name, let path):
            logger.notice("inbox found", metadata: ["inbox": "\(name)", "folder": "\(path)"])
        case .inboxGone(let name, let unfinished):
            logger.log(
                level: unfinished == 0 ? .notice : .warning, "inbox gone",
                metadata: ["inbox": "\(name)", "unfinishedDrops": "\(unfinished)"])
        case .reloaded(let reload): log(reload)
        case .notReloaded(let problems):
            for problem in problems {
                logger.error("configuration is wrong, nothing has changed", metadata: ["problem": "\(problem)"])
            }
        case .delivery(let event): log(event)
        // What becomes of it is said.
        case .arrived, .nothingExpected: break
        case .nothingCame(let inbox, let by, let last):
            logger.warning(
                "nothing came",
                metadata: ["inbox": "\(inbox)", "by": "\(by)", "last": "\(last?.description ?? "never")"])
        case .filed(let result, let path): logFiled(result, path)
        case .measured: break
        case .putBack(let drop):
            logger.notice(
                "put back",
                metadata: ["inbox": "\(drop.inbox)", "drop": "\(drop.id)", "name": "\(drop.name)"])
        case .ledgerNeedsDecision(let words):
            logger.critical("paused until an admin has decided", metadata: ["reason": "\(words)"])
        case .paused(let names): logPaused(names)
        case .unconfirmed(let inbox, let drop, let reference, let reason):
            logger.warning(
                "accepted, but not confirmed",
                metadata: [
                    "inbox": "\(inbox)", "drop": "\(drop)", "reference": "\(reference)", "reason": "\(reason)",
                ])
        case .alert(let change): log(change)
        case .alertTold(let recipient, let alert, let attempts):
            logger.debug(
                "alert told",
                metadata: ["recipient": "\(recipient)", "alert": "\(alert.rawValue)", "attempts": "\(attempts)"])
        case .alertDelayed(let recipient, let alert, let reason):
            logger.warning(
                "alert delayed, trying again",
                metadata: ["recipient": "\(recipient)", "alert": "\(alert.rawValue)", "reason": "\(reason)"])
        case .alertLost(let recipient, let alert, let reason):
            logger.error(
                "alert lost",
                metadata: ["recipient": "\(recipient)", "alert": "\(alert.rawValue)", "reason": "\(reason)"])
        case .alertsNotTold(let recipient, let count):
            logger.error(
                "stopped before alerts were told", metadata: ["recipient": "\(recipient)", "alerts": "\(count)"])
        case .wentBack(let inbox, let name):
            logger.info("unfinished, back in the inbox", metadata: ["inbox": "\(inbox)", "name": "\(name)"])
        case .share(let inbox, let reference, let drops, let records):
            logger.info(
                "documents share a request",
                metadata: [
                    "inbox": "\(inbox)", "reference": "\(reference)", "drops": "\(drops)", "records": "\(records)",
                ])
        case .waitsForAccount(let inbox, let drop):
            logger.info("waits for its account", metadata: ["inbox": "\(inbox)", "drop": "\(drop)"])
        case .takenForProcessed(let drop):
            logger.info("taken for processed, others go on", metadata: ["drop": "\(drop)"])
        case .fault(let fault):
            logger.error(
                "cannot go on, trying again", metadata: ["work": "\(fault.work)", "error": "\(fault.message)"])
        case .faultOver(let work): logger.notice("going on", metadata: ["work": "\(work)"])
        case .notOnDisk(let inbox, let message):
            logger.warning(
                "filed drops may not be on the disk; the next start looks after them",
                metadata: ["inbox": "\(inbox)", "error": "\(message)"])
        case .removed(let inbox, let folder, let count):
            logger.info(
                "removed what is older than its retention",
                metadata: ["inbox": "\(inbox)", "folder": "\(folder.rawValue)", "drops": "\(count)"])
        case .notRemoved(let drop, let folder, let name, let reason):
            logger.warning(
                "older than its retention, and left alone",
                metadata: [
                    "inbox": "\(drop.inbox)", "drop": "\(drop.id)", "file": "\(folder)/\(name)", "reason": "\(reason)",
                ])
        case .notRemoving(let inbox, let message):
            logger.warning(
                "what is older than its retention cannot be removed now",
                metadata: ["inbox": "\(inbox)", "error": "\(message)"])
        case .missing(let drop):
            logger.critical(
                "a drop of the ledger is gone",
                metadata: ["inbox": "\(drop.inbox)", "drop": "\(drop.id)", "name": "\(drop.name)"])
        }
    }

    private func log(_ reload: Reload) {
        var metadata: Logger.Metadata = ["result": "\(reload)"]
        let changes = reload.inboxes
        for (key, names) in [
            ("added", changes.added), ("removed", changes.removed), ("changed", changes.changed),
            ("keys", reload.changedKeys),
        ] where !names.isEmpty {
            metadata[key] = "\(names.joined(separator: ","))"
        }
        logger.notice("configuration read again", metadata: metadata)
        if !reload.restartKeys.isEmpty {
            logger.warning(
                "changed in the file, and in effect only after a restart",
                metadata: ["keys": "\(reload.restartKeys.joined(separator: ","))"])
        }
    }

    private func log(_ inbox: String, _ event: InboxEvent) {
        switch event {
        case .unavailable(let error):
            logger.error("inboxUnavailable", metadata: ["inbox": "\(inbox)", "error": "\(error)"])
        case .unsuitable(let problem):
            logger.error("inboxUnavailable", metadata: ["inbox": "\(inbox)", "error": "\(problem)"])
        case .available: logger.notice("inbox available", metadata: ["inbox": "\(inbox)"])
        case .cannotClaim(let name, let error):
            logger.warning(
                "cannot take a file, trying again",
                metadata: ["inbox": "\(inbox)", "name": "\(name)", "error": "\(error)"])
        case .claimsAgain(let name):
            logger.notice("a file is in nobody's way any more", metadata: ["inbox": "\(inbox)", "name": "\(name)"])
        case .stays(let name, let error):
            logger.warning(
                "left where it is", metadata: ["inbox": "\(inbox)", "name": "\(name)", "error": "\(error)"])
        case .folderLeftAlone(let name):
            logger.warning("a folder in the inbox is left alone", metadata: ["inbox": "\(inbox)", "name": "\(name)"])
        case .polled(let type):
            logger.notice(
                "the inbox is polled, for other hosts may write to its file system",
                metadata: ["inbox": "\(inbox)", "fileSystem": "\(type)"])
        case .notWatched(let error):
            logger.warning(
                "the kernel does not watch the inbox; it is polled",
                metadata: ["inbox": "\(inbox)", "error": "\(error)", "hint": "sysctl fs.inotify.max_user_watches"])
        case .remark(let remark): logger.notice("folders", metadata: ["inbox": "\(inbox)", "remark": "\(remark)"])
        }
    }

    private func log(_ event: DeliveryEvent) {
        switch event {
        case .answered(let report): log(report)
        case .tokenRenewed(let lifetime):
            logger.info("token renewed", metadata: ["lifetime": "\(Int(lifetime.inSeconds))s"])
        case .tokenNotKept(let message):
            logger.warning("the token cannot be kept", metadata: ["error": "\(message)"])
        case .breaker(.opened(let cause, let run)):
            logger.error(
                "submission pauses", metadata: ["cause": "\(cause.rawValue)", "drops": "\(run.count)"])
        case .breaker(.closed(let cause)):
            logger.notice("submission goes on", metadata: ["cause": "\(cause.rawValue)"])
        case .tokenFailed(let message, let delay):
            var metadata: Logger.Metadata = ["error": "\(message)"]
            if let delay { metadata["retryIn"] = "\(delay.forPeople)" }
            logger.error("tokenFailure", metadata: metadata)
        }
    }

    private func log(_ change: AlertChange) {
        var metadata: Logger.Metadata = ["alert": "\(change.event.rawValue)"]
        if let subject = change.subject { metadata["subject"] = "\(subject)" }
        if let detail = change.detail { metadata["detail"] = "\(detail)" }
        switch change.phase {
        case .begins: logger.error("alert", metadata: metadata)
        case .ends: logger.notice("alert over", metadata: metadata)
        }
    }

    private func logPaused(_ names: Set<String>) {
        if names.isEmpty { return logger.notice("nothing is paused") }
        let what = names.contains("") ? "everything" : names.sorted().joined(separator: ",")
        logger.notice("paused", metadata: ["inboxes": "\(what)"])
    }

    private func log(_ report: AttemptReport) {
        let level = report.code == nil ? Logger.Level.info : .warning
        // Each drop has some: they are put into words only where somebody reads them.
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = [
            "method": "\(report.method)", "path": "\(report.path)",
            "status": "\(report.status.map(String.init) ?? "none")",
            "durationMs": "\(report.duration.wholeMilliseconds)", "requestId": "\(report.requestID)",
        ]
        if let subject = report.subject {
            metadata["inbox"] = "\(subject.inbox)"
            metadata["drop"] = "\(subject.drop)"
            metadata["reference"] = "\(subject.reference)"
            metadata["attempt"] = "\(subject.attempt)"
        }
        if let code = report.code { metadata["code"] = "\(code.rawValue)" }
        if let failure = report.failure { metadata["error"] = "\(failure)" }
        if let delay = report.retryIn { metadata["retryIn"] = "\(delay.forPeople)" }
        logger.log(
            level: level,
            report.retryIn == nil && !report.isHeld ? "request" : "request, to be sent again", metadata: metadata)
    }

    private func logFiled(_ result: DropResult, _ path: FilePath) {
        let level = result.outcome == .failed ? Logger.Level.warning : .info
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = [
            "inbox": "\(result.drop.inbox)", "drop": "\(result.drop.id)", "name": "\(result.drop.name)",
            "outcome": "\(result.outcome.rawValue)", "file": "\(path)",
        ]
        if let code = result.problem?.code { metadata["code"] = "\(code.rawValue)" }
        if let reference = result.batches.first?.batch.reference { metadata["reference"] = "\(reference)" }
        logger.log(level: level, "filed", metadata: metadata)
    }
}

extension Duration {
    /// `250ms`, `4.5s`.
    fileprivate var forPeople: String {
        wholeMilliseconds < 1000 ? "\(wholeMilliseconds)ms" : "\((inSeconds * 10).rounded() / 10)s"
    }
}

extension Configuration {
    /// How the log is written.
    package struct Log: Sendable, Equatable {
        package var format: Format
        package var level: Level

        package init(format: Format, level: Level) {
            self.format = format
            self.level = level
        }

        package enum Format: String, Sendable, CaseIterable {
            case text, json
        }

        /// The levels of swift-log, by the same names.
        package enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }
    }

    /// The page, metrics and health of a running service.
    package struct Admin: Sendable, Equatable {
        package var listen: ListenAddress
        /// `nil` only where `listen` is a loopback address.
        package var token: SecretSource?

        package init(listen: ListenAddress, token: SecretSource? = nil) {
            self.listen = listen
            self.token = token
        }
    }

    /// A host and a port to listen at.
    package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
        /// A name or an address; an IPv6 address stands here without its brackets.
        package var host: String
        /// 0 lets the system choose.
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// Who is told of what.
    package struct Alert: Sendable, Equatable {
        package var target: Target
        package var on: Set<Event>
        /// Has an entry for each event that is counted; others alert the first time.
        package var thresholds: [Event: Threshold]

        package init(target: Target, on: Set<Event>, thresholds: [Event: Threshold]) {
            self.target = target
            self.on = on
            self.thresholds = thresholds
        }

        package enum Target: Sendable, Equatable {
            /// A URL to post to. Such URLs hold their password in the path, so it is treated as a secret.
            case webhook(Secret)
            /// A program and its arguments, run without a shell.
            case command([String])
        }

        /// What can be alerted.
        package enum Event: String, Sendable, CaseIterable {
            case serverErrors, tokenFailure, rateLimited, rateNear, outage, misconfigured, inboxUnavailable
            case ledgerUnwritable, diskFull, failedDrops, missingDrop
        }

        /// How much of an event within how long is worth an alert.
        package enum Threshold: Sendable, Equatable {
            /// `5/5m`: so many times within the window.
            case count(Int, window: Duration)
            /// `90%/5m`: so much of the limit, on average over the window.
            case percent(Int, window: Duration)
        }
    }
}

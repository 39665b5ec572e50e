import Delivery
import Hummingbird
import Model
import Service
import SluiceConfiguration

extension APIRoutes {
    /// How the service is.
    func status() async -> Response {
        let live = await service.live()
        let troubles = live.troubles
        return Response.json {
            $0.member("status", troubles.isEmpty ? "healthy" : "degraded")
            $0.member("version", version)
            $0.member("startedAt", live.startedAt.description)
            $0.member("now", live.now.description)
            $0.member("ready", live.state.isReady)
            $0.member("troubles") { json in
                json.array { list in for trouble in troubles { list.element { $0.value(trouble) } } }
            }
            $0.member("requestsLastMinute", live.requests)
            $0.member("requestsPerMinute") { $0.value(live.limit) }
            $0.member("outage", live.state.outage?.rawValue)
            $0.member("outageSince", live.state.outageSince?.description)
            $0.member("token", live.token) { token, json in
                json.object {
                    $0.member("ageSeconds", token.age.wholeMilliseconds / 1000)
                    $0.member("secondsLeft", token.left.wholeMilliseconds / 1000)
                }
            }
            $0.member("documentBytes", live.memory.held)
            $0.member("documentBytesLimit", live.memory.limit)
            APIRoutes.write(live.state.pauses, to: &$0)
            $0.member("alerts") { json in
                json.array { list in for alert in live.state.alerts { list.element { alert.write(to: &$0) } } }
            }
            $0.member("minutes") { json in
                json.array { list in
                    for minute in live.state.history.minutes(at: live.now) {
                        list.element { json in
                            json.object {
                                $0.member("at", Timestamp(milliseconds: minute.minute * 60_000).description)
                                $0.member("requests", minute.requests)
                                $0.member("refused", minute.refused)
                            }
                        }
                    }
                }
            }
        }
    }
}

extension ServiceMonitor.Alert {
    fileprivate func write(to json: inout JSONWriter) {
        json.object {
            $0.member("alert", change.event.rawValue)
            $0.member("subject", change.subject)
            $0.member("detail", change.detail)
            $0.member("since", since.description)
        }
    }
}

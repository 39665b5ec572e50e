/// The example of the contract's section 8, word for word.
let fullExample = #"""
    state: /var/lib/sluice                 # ledger, token cache; default: $STATE_DIRECTORY, else ./.sluice
    schemas: /usr/share/sluice/schemas
    api:
      url: https://api.creditclear.com.au/sync
      tokenURL: https://auth.example.com/oauth/token
      audience: https://api.creditclear.com.au
      clientID: {env: SLUICE_CLIENT_ID}    # a secret: {env: X}, {file: PATH}, {credential: NAME} (systemd), {command: [az, keyvault, …]}
      clientSecret: {credential: client_secret}
      timeout: 60s
      ca: /etc/sluice/ca.pem               # optional
      confirm: accepted
      orderWait: 5m
      endpoints: {payment: {method: PUT, path: /v1/payment}}            # optional
      status: {field: status, pending: [Queued, Processing], completed: [Completed], records: records, refused: [Rejected, Failed]}
    limits: {requestsPerMinute: 1000, inFlight: 8, jsonBytes: 30MB, multipartBytes: 25MB, recordsPerBatch: unlimited, memory: 256MB}
    retry: {attempts: 3, base: 1s, cap: 60s, requeueAfterOutage: true}
    breaker: {failures: 5, probe: 30s}
    batching: {mode: none, records: 5000, bytes: 10MB}   # backlog: join waiting documents of one inbox and kind into one request
    log: {format: text, level: info}       # text, json
    admin: {listen: 127.0.0.1:8080, token: {file: /etc/sluice/admin-token}}   # `listen: none` for no server
    alerts:
      - webhook: "https://hooks.example.com/x"          # or command: [PROGRAM, ARGUMENT…]
        on: [serverErrors, tokenFailure, rateLimited, rateNear, outage, misconfigured, inboxUnavailable, ledgerUnwritable, diskFull, failedDrops, missingDrop]
        thresholds: {serverErrors: 5/5m, failedDrops: 10/5m, rateNear: 90%/5m}
    inboxes:
      - name: erp
        path: /srv/erp/inbox               # a glob (/srv/sftp/*/inbox, name: "{1}") is an inbox a match, found as they appear
        kind: auto                         # auto: by the top-level key or root element; or account, payment, claim
        done: /srv/erp/done
        failed: /srv/erp/failed
        work: /srv/erp/.work
        filing: auto                       # auto, move, copy
        settle: 1s
        partialGrace: 60s
        rescan: 60s
        watch: auto                        # auto, inotify, poll
        poll: 5s
        sort: arrival                      # arrival, name
        ignore: ["*.bak"]
        ready: none
        ordering: key
        reference: content
        ownReference: keep
        scope: erp                         # default: the inbox's name
        schema: {json: my-account.schema.json, xml: my-account.xsd}
        mapping: {AmountDue: outstandingAmount}
        set: {brand: ACME}
        attachments: {types: [pdf], name: "{clientReferenceId}", wait: 72h}      # or "{brand}-{portfolio}-{clientReferenceId}"
        expect: {by: "07:00"}              # optional: alert missingDrop where nothing came by then (local time)
        results: plain                     # plain; full: the API's answer and status URI too (not in glob inboxes unless said)
        retention: {done: 90d, failed: never}
    """#

"""The soak behind scripts/soak: drops files faster than the limit allows, and counts what the API saw."""

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from common import API, ENVIRONMENT, page, start_sandbox

program, schemas, minutes = sys.argv[1], sys.argv[2], float(sys.argv[3])
LIMIT = 1000
FAULTS = (
    "500:5%,502:5%,503:5%,drop:5%,hang:5%,tear:5%,cut:5%,early:5%,garbage:5%,huge:5%,endless:5%,"
    "token/500:5%,token/drop:5%,latency:5ms..50ms,async:0s..30s"
)
CONFIGURATION = """
state: state
schemas: {schemas}""" + API + """\
  timeout: 2s
limits: {{requestsPerMinute: {limit}, inFlight: 32}}
retry: {{attempts: 12, base: 100ms, cap: 2s}}
breaker: {{failures: 40, probe: 1s}}
log: {{level: error}}
inboxes:
  - {{name: soak, path: erp/inbox, settle: 0s}}
"""


def soak(title, faults, seconds):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-soak-"))
    inbox = folder / "erp/inbox"
    inbox.mkdir(parents=True)
    sandbox, base = start_sandbox(program, "--rate", str(LIMIT), "--faults", faults)
    (folder / "sluice.yaml").write_text(CONFIGURATION.format(schemas=schemas, base=base, limit=LIMIT))
    service = subprocess.Popen(
        [program, "run"], cwd=folder, env=ENVIRONMENT,
        stderr=subprocess.STDOUT, stdout=open(folder / "log", "w"))
    dropped = 0
    done = folder / "erp/done"

    def drop():
        nonlocal dropped
        record = {"clientReferenceId": f"INV-{dropped}", "invoiceNumber": str(dropped), "outstandingAmount": 10.5}
        (inbox / f".{dropped}").write_text(json.dumps({"accounts": [record]}))
        (inbox / f".{dropped}").rename(inbox / f"orders-{dropped}.json")
        dropped += 1

    start = time.monotonic()
    while time.monotonic() - start < seconds:
        while len(os.listdir(inbox)) < 200:
            drop()
        time.sleep(0.2)
    requests = page(base, "requests?last=100000")["requests"]
    # What is left has as long as it takes.
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline and len(list(done.glob("*.json"))) < 2 * dropped:
        time.sleep(1)
    windows, accepted = page(base, "windows"), page(base, "accepted")["accepted"]
    memory = next(
        line for line in open(f"/proc/{service.pid}/status") if line.startswith("VmHWM")).split()[1]
    for process in (service, sandbox):
        process.send_signal(signal.SIGTERM)
        process.wait()
    failed = [path for path in (folder / "erp/failed").glob("*.json")] if (folder / "erp/failed").exists() else []
    at = [datetime.datetime.fromisoformat(request["at"].replace("Z", "+00:00")).timestamp() for request in requests]
    # Whole windows from the first request on: the first holds a burst, and so does each of the others.
    whole = int((at[-1] - at[0]) // 60)
    seen = sum(1 for moment in at if moment < at[0] + 60 * whole)
    accepted_once = sum(1 for one in accepted if one["acceptances"] == 1 and one["mismatches"] == 0)
    print(f"{title}: {faults}")
    print(f"  {'drops':44}{dropped:8}")
    print(f"  {'in done':44}{len(list(done.glob('*.result.json'))):8}")
    print(f"  {'in failed':44}{len(failed):8}")
    print(f"  {'references accepted once, body for body':44}{accepted_once:8}")
    print(f"  {'answered again, for an answer that was lost':44}{sum(one['repeats'] for one in accepted):8}")
    print(f"  {'requests in the largest 60 s, of ' + str(LIMIT):44}{windows['largest']:8}")
    print(f"  {'requests a minute over ' + str(whole) + ' minutes':44}{seen / max(whole, 1):8.0f}")
    print(f"  {'of the limit':44}{100 * seen / max(whole, 1) / LIMIT:7.1f}%")
    print(f"  {'largest memory of the service, MB':44}{int(memory) // 1000:8}")
    sys.stdout.flush()
    return (
        len(accepted) == accepted_once == dropped and windows["largest"] <= LIMIT and not failed
        and len(list(done.glob("*.result.json"))) == dropped)


good = soak("every fault but 429", FAULTS, 60 * minutes)
good = soak("with 429 too", "429:5%," + FAULTS, 120) and good
sys.exit(0 if good else 1)

"""The benchmark behind `scripts/bench joining`: one-record documents that wait, against a sandbox that keeps the API's rate.

Some of them are refused by the API alone. Everything else has to be accepted once, within the time that is asked for.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from common import API, ENVIRONMENT, page, start_sandbox

CONFIGURATION = """
state: state
schemas: {schemas}""" + API + """\
limits: {{requestsPerMinute: {rate}}}
batching: {{mode: backlog}}
log: {{level: error}}
admin: {{listen: none}}
inboxes:
  - {{name: erp, path: erp/inbox, settle: 0s, schema: {{json: lenient.json}}}}
"""
# limits.memory is 256 MB by default, and the whole process within 100 MB more.
MEMORY = 356
# What the API refuses gets as far as the API.
LENIENT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program", help="sluice")
    arguments.add_argument("schemas")
    arguments.add_argument("--count", type=int, default=50_000)
    arguments.add_argument("--bad", type=int, default=50)
    arguments.add_argument("--rate", type=int, default=1000, help="requests a minute")
    arguments.add_argument("--within", type=float, default=180, help="seconds")
    options = arguments.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=os.environ.get("SLUICE_BENCH_FOLDER")))
    inbox = folder / "erp/inbox"
    inbox.mkdir(parents=True)
    bad = set(range(options.count // options.bad // 2, options.count, options.count // options.bad))
    for number in range(options.count):
        record = {"clientReferenceId": f"INV-{number}", "invoiceNumber": str(number), "outstandingAmount": 10.5,
                  "status": "Lost" if number in bad else "Active"}
        (inbox / f"{number:06d}.json").write_text(json.dumps({"accounts": [record]}))
    os.sync()
    sandbox, base = start_sandbox(options.program, "--rate", str(options.rate))
    try:
        (folder / "lenient.json").write_text(json.dumps(LENIENT))
        (folder / "sluice.yaml").write_text(CONFIGURATION.format(schemas=options.schemas, base=base, rate=options.rate))
        start = time.monotonic()
        process = subprocess.Popen(
            [options.program, "run", "--once"], cwd=folder, env=ENVIRONMENT)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        seconds = time.monotonic() - start
        accounts = page(base, "books", seconds=120)["accounts"]
        requests = page(base, "requests?last=1000000", seconds=120)["requests"]
    finally:
        sandbox.terminate()
        sandbox.wait()

    failed = {int(path.name[:6]) for path in (folder / "erp/failed").glob("*.json") if ".result." not in path.name}
    done = sum(1 for path in (folder / "erp/done").iterdir() if ".result." not in path.name)
    times = [account["times"] for account in (accounts.values() if isinstance(accounts, dict) else accounts)]
    peak = usage.ru_maxrss * 1024 / 1e6
    verdict = {
        "accepted once": len(times) == options.count - len(bad) and all(number == 1 for number in times),
        "the bad ones failed alone": failed == bad and done == options.count - len(bad),
        f"within {options.within:.0f} s": seconds <= options.within,
        f"within {MEMORY} MB": peak <= MEMORY,
    }
    statuses = {}
    for request in requests:
        statuses[request["status"]] = statuses.get(request["status"], 0) + 1
    print(f"{options.count} documents, {len(bad)} of them refused by the API, {options.rate} requests a minute")
    print(f"  {'seconds':28}{seconds:8.0f}")
    print(f"  {'requests, by status':28}{'':3}" + ", ".join(f"{count} × {status}" for status, count in statuses.items()))
    print(f"  {'CPU ms a document':28}{1000 * (usage.ru_utime + usage.ru_stime) / options.count:8.2f}")
    print(f"  {'peak MB':28}{peak:8.0f}")
    for name, holds in verdict.items():
        print(f"  {name:28}{'yes' if holds else 'NO':>8}")
    if not all(verdict.values()):
        sys.exit(f"left in {folder}")
    shutil.rmtree(folder)


main()

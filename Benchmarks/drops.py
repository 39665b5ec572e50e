"""The benchmark behind `scripts/bench drops`: small documents that wait, from the start to the last one filed.

Sluice and its peer take turns on the same machine, beside a server that answers at once. Each run has folders of its own.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import API, ENVIRONMENT
from nginx import Server, document

CONFIGURATION = """
state: {folder}/state
schemas: {schemas}""" + API + """\
limits: {{requestsPerMinute: unlimited, inFlight: {in_flight}}}
log: {{level: error}}
admin: {{listen: none}}
inboxes:
  - {{name: bench, path: {folder}/inbox, done: {folder}/done, failed: {folder}/failed}}
"""


def measured(command, folder, count, **options):
    """Runs a command until `count` drops lie in `done`; seconds, CPU seconds and peak bytes."""
    for name in ("inbox", "done", "failed"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "inbox" / f"accounts-{number:06d}.json").write_text(document(number))
    os.sync()
    # They lie there for longer than a file has to be quiet.
    time.sleep(3)
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    filed = sum(1 for name in os.listdir(folder / "done") if not name.endswith(".result.json"))
    if process.returncode != 0 or filed != count:
        sys.exit(f"{command[0]}: exit status {process.returncode}, {filed} of {count} drops filed\n{printed}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "bytes": usage.ru_maxrss * 1024,
            "printed": printed}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program", help="sluice")
    arguments.add_argument("schemas")
    arguments.add_argument(
        "--peer", action="append", default=[], metavar="COMMAND",
        help="a command line with {inbox}, {done}, {failed}, {schema}, {url}, {count} and {inflight}; several times")
    arguments.add_argument("--count", type=int, default=5000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--in-flight", type=int, default=8)
    options = arguments.parse_args()

    root = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=os.environ.get("SLUICE_BENCH_FOLDER")))
    server = Server(root / "nginx")
    results = [[] for _ in range(1 + len(options.peer))]
    try:
        for run in range(options.runs):
            # Each in a folder of its own, and all are removed in the end: where many files have just gone, some file systems
            # are slow to make new ones.
            folder = root / f"drops-{run}"
            (root / "sluice.yaml").write_text(CONFIGURATION.format(
                folder=folder, schemas=options.schemas, base=server.base, in_flight=options.in_flight))
            results[0].append(measured(
                [options.program, "run", "--once", "--config", root / "sluice.yaml"], folder, options.count,
                env=ENVIRONMENT))
            for index, peer in enumerate(options.peer, 1):
                folder = root / f"drops-{run}-{index}"
                command = shlex.split(peer.format(
                    inbox=folder / "inbox", done=folder / "done", failed=folder / "failed",
                    schema=pathlib.Path(options.schemas) / "account.schema.json",
                    url=f"{server.base}/sync/v1/account", count=options.count, inflight=options.in_flight))
                result = measured(command, folder, options.count)
                # A peer that says how long it took without its own start is taken at its word.
                try:
                    said = json.loads(result["printed"])
                    result["seconds"] = said["seconds"]
                except (ValueError, KeyError, TypeError):
                    pass
                results[index].append(result)
            print(f"run {run + 1}: " + ", ".join(f"{options.count / r[-1]['seconds']:.0f}/s" for r in results),
                  file=sys.stderr)
    finally:
        server.end()
        shutil.rmtree(root)

    print(f"{options.count} documents of {len(document(1))} bytes, {options.in_flight} in flight; "
          f"medians of {options.runs} runs in turn")
    print(f"{'':28}{'drops/s':>9}{'CPU ms/drop':>13}{'peak MB':>9}{'speed':>8}{'CPU':>7}")
    base = None
    for index, runs in enumerate(results):
        seconds = statistics.median(r["seconds"] for r in runs)
        cpu = statistics.median(r["cpu"] for r in runs)
        peak = statistics.median(r["bytes"] for r in runs)
        base = base or (seconds, cpu)
        name = "Sluice" if index == 0 else f"peer {index}"
        ratio = "" if index == 0 else f"{seconds / base[0]:7.1f}×{cpu / base[1]:6.1f}×"
        print(f"{name:28}{options.count / seconds:9.0f}{1000 * cpu / options.count:13.2f}{peak / 1e6:9.0f}{ratio}")


main()

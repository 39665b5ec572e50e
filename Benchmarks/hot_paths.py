"""Counts what the hot paths cost, for scripts/hot-paths, and compares it with what is expected.

hot_paths.py HOTPATHS PROGRAM SCHEMAS EXPECTED [--write]"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from common import API, ENVIRONMENT, start_sandbox

hot_paths, program, schemas, expected = (pathlib.Path(path).resolve() for path in sys.argv[1:5])
TOLERANCE = 1.2
# Sets are gone through in the same order every time.
COUNTED = ENVIRONMENT | {"SWIFT_DETERMINISTIC_HASHING": "1", "SWIFT_BACKTRACE": "enable=no"}
CONFIGURATION = """
state: state
schemas: {schemas}""" + API + """\
  orderWait: 0s
admin: {{listen: none}}
# One after the other: how many share a commit is not left to chance.
limits: {{requestsPerMinute: unlimited, inFlight: 1}}
inboxes:
  - {{name: erp, path: erp/inbox, settle: 0s, ordering: strict}}
"""


def instructions(case, count):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [hot_paths, case, str(count), schemas / "account.schema.json"]
    ended = subprocess.run(command, env=COUNTED, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", ended.stderr)
    if ended.returncode or not found:
        sys.exit(f"valgrind failed for {case}: {ended.stdout}{ended.stderr}")
    return int(found.group(1))


def each(case, count):
    """Instructions for one more of a case: what starts and ends a process is in neither."""
    return (instructions(case, 2 * count) - instructions(case, count)) / count


def system_calls(drops, base):
    """The system calls of a service that has so many drops to send and then ends."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inbox = folder / "erp/inbox"
        inbox.mkdir(parents=True)
        (folder / "sluice.yaml").write_text(CONFIGURATION.format(base=base, schemas=schemas))
        for number in range(drops):
            account = {"clientReferenceId": f"C-{drops}-{number}", "invoiceNumber": "1", "outstandingAmount": 1}
            (inbox / f"{number}.json").write_text(json.dumps({"accounts": [account]}))
        command = ["strace", "-f", "-c", "-U", "calls,name", "-o", folder / "calls", program, "run", "--once"]
        ended = subprocess.run(command, cwd=folder, env=COUNTED, capture_output=True, text=True)
        done = len(list((folder / "erp/done").glob("*.result.json")))
        if ended.returncode or done != drops:
            sys.exit(f"strace failed, {done} of {drops} drops are done: {ended.stdout}{ended.stderr}")
        lines = [line.split() for line in (folder / "calls").read_text().splitlines()]
        return {line[1]: int(line[0]) for line in lines if len(line) == 2 and line[0].isdigit()}


def drop_costs():
    sandbox, base = start_sandbox(program, "--rate", "unlimited")
    try:
        few, many = system_calls(50, base), system_calls(150, base)
    finally:
        sandbox.terminate()
        sandbox.wait()
    # How threads wait for one another depends on the machine.
    waiting = {"futex", "epoll_wait", "sched_yield", "restart_syscall", "rt_sigprocmask", "madvise", "mprotect", "mmap"}
    each = {name: (many[name] - few.get(name, 0)) / 100 for name in many if name not in waiting and name != "total"}
    synced = sum(count for name, count in each.items() if name in ("fsync", "fdatasync", "syncfs"))
    for name, count in sorted(each.items(), key=lambda item: -item[1]):
        if count >= 0.5:
            print(f"    {count:5.1f} {name}")
    return sum(each.values()), synced


def main():
    write, parse = each("write", 2000), each("parse", 2000)
    costs = {
        "instructions to parse a record": parse - write,
        "instructions to validate a record": each("validate", 2000) - parse,
        "instructions to write a record canonically": each("canonical", 2000) - parse,
        "instructions to let a request pass": each("throttle", 5000),
        "instructions to give a drop its turn": each("order", 5000),
    }
    costs["system calls for a drop"], costs["fsyncs for a drop"] = drop_costs()
    if "--write" in sys.argv:
        expected.write_text("".join(f"{cost:.1f} {name}\n" for name, cost in costs.items()))
        return print(expected.read_text(), end="")
    limits = {}
    for line in expected.read_text().splitlines():
        cost, name = line.split(" ", 1)
        limits[name] = float(cost)
    worse = 0
    for name, cost in costs.items():
        share = cost / limits[name]
        worse += share > TOLERANCE
        print(f"{'WORSE ' if share > TOLERANCE else 'ok    '} {cost:10.1f} {name}, {share:.2f} of what is expected")
    if worse:
        sys.exit(f"{worse} hot paths cost over a fifth more than {expected} says; see scripts/hot-paths")


main()

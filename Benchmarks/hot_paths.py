"""Counts what the hot paths cost, for scripts/hot-paths, and compares it with what is expected.

hot_paths.py HOTPATHS ALLOCATIONS PROGRAM SCHEMAS EXPECTED [--write]"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from common import API, ENVIRONMENT, start_sandbox

hot_paths, allocations, program, schemas, expected = (pathlib.Path(path).resolve() for path in sys.argv[1:6])
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


def service(base, drops, command=(), environment={}):
    """Runs a service that has so many drops to send and then ends: what was written to `costs` in its folder."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inbox = folder / "erp/inbox"
        inbox.mkdir(parents=True)
        (folder / "sluice.yaml").write_text(CONFIGURATION.format(base=base, schemas=schemas))
        for number in range(drops):
            account = {"clientReferenceId": f"C-{drops}-{number}", "invoiceNumber": "1", "outstandingAmount": 1}
            (inbox / f"{number}.json").write_text(json.dumps({"accounts": [account]}))
        ended = subprocess.run(
            [*command, program, "run", "--once"], cwd=folder, env=COUNTED | environment, capture_output=True, text=True
        )
        done = len(list((folder / "erp/done").glob("*.result.json")))
        if ended.returncode or done != drops:
            sys.exit(f"{done} of {drops} drops are done: {ended.stdout}{ended.stderr}")
        return (folder / "costs").read_text()


def system_calls(base, drops):
    """The system calls of a service with so many drops, by their names."""
    text = service(base, drops, command=["strace", "-f", "-c", "-U", "calls,name", "-o", "costs"])
    lines = [line.split() for line in text.splitlines()]
    return {line[1]: int(line[0]) for line in lines if len(line) == 2 and line[0].isdigit()}


def asked_for_memory(base, drops):
    """How often a service with so many drops asks for memory."""
    return int(service(base, drops, environment={"LD_PRELOAD": str(allocations), "ALLOCATIONS": "costs"}))


def drop_costs():
    """The system calls, syncs and allocations of one more drop on its way. Its server is a process of its own, whose costs
    are not counted."""
    few, many = 50, 150
    sandbox, base = start_sandbox(program, "--rate", "unlimited")
    try:
        memory = (asked_for_memory(base, many) - asked_for_memory(base, few)) / (many - few)
        calls, more = system_calls(base, few), system_calls(base, many)
    finally:
        sandbox.terminate()
        sandbox.wait()
    # How threads wait for one another depends on the machine.
    waiting = {"futex", "epoll_wait", "sched_yield", "restart_syscall", "rt_sigprocmask", "madvise", "mprotect", "mmap"}
    each = {
        name: (more[name] - calls.get(name, 0)) / (many - few) for name in more if name not in waiting and name != "total"
    }
    synced = sum(count for name, count in each.items() if name in ("fsync", "fdatasync", "syncfs"))
    for name, count in sorted(each.items(), key=lambda item: -item[1]):
        if count >= 0.5:
            print(f"    {count:5.1f} {name}")
    return {
        "system calls for a drop": sum(each.values()),
        "fsyncs for a drop": synced,
        "allocations for a drop": memory,
    }


def main():
    write, parse = each("write", 2000), each("parse", 2000)
    costs = {
        "instructions to parse a record": parse - write,
        "instructions to validate a record": each("validate", 2000) - parse,
        "instructions to write a record canonically": each("canonical", 2000) - parse,
        "instructions to let a request pass": each("throttle", 5000),
        "instructions to give a drop its turn": each("order", 5000),
    }
    costs |= drop_costs()
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

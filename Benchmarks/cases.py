"""The benchmarks behind `scripts/bench arriving`, `waiting`, `large`, `attachments` and `idle`: one service each, nginx as
the API.

    arriving      small documents renamed into the inbox at a steady rate: from the rename to the request
    waiting       small documents that lie there at the start: the first request, and whether the last ones go as fast
    large         documents of 29 MB from the rename to the last byte, beside orjson, jsonschema-rs and sha256 in Python (PyPI);
                  then one of ten times that, which goes out in parts
    attachments   PDF files of 20 MB
    idle          1,000 inboxes with nothing in them
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from common import API, ENVIRONMENT
from nginx import Server, document

CONFIGURATION = """
state: state
schemas: {schemas}""" + API + """\
limits: {{requestsPerMinute: unlimited, inFlight: 8}}
log: {{level: error}}
admin: {{listen: none}}
inboxes:
  - {{name: bench, path: inbox, done: done, failed: failed}}
"""
# What the peer does with a large document, given its path and the schema's: seconds.
REFERENCE = """
import hashlib, sys, time
import jsonschema_rs, orjson
text = open(sys.argv[1], "rb").read()
validator = jsonschema_rs.validator_for(orjson.loads(open(sys.argv[2], "rb").read()))
started = time.perf_counter()
assert validator.is_valid(orjson.loads(text))
hashlib.sha256(text).hexdigest()
print(time.perf_counter() - started)
"""


class Stage:
    """A service in a folder of its own, and what it is measured by."""

    def __init__(self, program, schemas):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=os.environ.get("SLUICE_BENCH_FOLDER")))
        for name in ("inbox", "next", "state"):
            (self.folder / name).mkdir()
        self.server = Server(self.folder / "nginx", is_logging=True)
        (self.folder / "sluice.yaml").write_text(CONFIGURATION.format(schemas=schemas, base=self.server.base))
        self.process = None

    def start(self):
        os.sync()
        self.started = time.time()
        self.process = subprocess.Popen([self.program, "run"], cwd=self.folder, env=ENVIRONMENT)

    def make(self, name, content):
        (self.folder / "next" / name).write_bytes(content)

    def rename(self, name):
        """When the file was renamed into the inbox, in seconds since 1970."""
        moment = time.time()
        os.rename(self.folder / "next" / name, self.folder / "inbox" / name)
        return moment

    def filed(self, folder="done"):
        try:
            return sum(1 for entry in os.scandir(self.folder / folder) if not entry.name.endswith(".result.json"))
        except FileNotFoundError:
            return 0

    def wait(self, count, seconds=600, pause=0.05):
        limit = time.monotonic() + seconds
        while self.filed() < count:
            if time.monotonic() > limit or self.process.poll() is not None or self.filed("failed"):
                sys.exit(f"{self.filed()} of {count} drops filed, {self.filed('failed')} failed; left in {self.folder}")
            time.sleep(pause)

    def settle(self):
        """One drop through it, so that it is at work and has a token."""
        self.make("first.json", document(9_999_999).encode())
        self.rename("first.json")
        self.wait(1)

    def peak(self):
        """Since the last time, in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return int(status.split("VmHWM:")[1].split()[0]) / 1000

    def cpu(self):
        """Seconds so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.server.end()


def say(name, value):
    print(f"  {name:56}{value}")


def arriving(stage, count=10_000, rate=500):
    for number in range(count):
        stage.make(f"{number}.json", document(number).encode())
    stage.start()
    stage.settle()
    before, began = stage.cpu(), time.monotonic()
    renamed, behind = {}, 0
    for number in range(count):
        pause = began + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        renamed[f"INV-{number:07d}"] = stage.rename(f"{number}.json")
        behind = max(behind, -pause)
    seconds = time.monotonic() - began
    left = count + 1 - stage.filed()
    stage.wait(count + 1)
    after = stage.cpu()
    waits = sorted(1000 * (start - renamed[name]) for name, start, _, _ in stage.server.submissions() if name in renamed)
    print(f"{count} documents of {len(document(1))} bytes, renamed into the inbox at {count / seconds:.0f} a second")
    say("requests", len(waits))
    say("ms from rename to request, median", f"{statistics.median(waits):.1f}")
    say("ms from rename to request, 99th percentile", f"{waits[len(waits) * 99 // 100]:.1f}")
    say("drops on their way when the last one came", left)
    say("CPU ms a drop", f"{1000 * (after - before) / count:.2f}")
    say("peak MB", f"{stage.peak():.0f}")
    say("the sender was late by, at most, ms", f"{1000 * behind:.1f}")


def waiting(stage, count=100_000):
    for number in range(count):
        (stage.folder / "inbox" / f"{number:06d}.json").write_text(document(number))
    stage.start()
    # To count 200,000 files takes time that the service would have.
    stage.wait(count, pause=5)
    found = sorted(end for _, _, end, _ in stage.server.submissions())
    first = min(start for _, start, _, _ in stage.server.submissions())
    part = count // 10
    print(f"{count} documents of {len(document(1))} bytes that wait at the start")
    say("seconds from the start to the first request", f"{first - stage.started:.2f}")
    say("requests a second, first tenth", f"{part / (found[part - 1] - found[0]):.0f}")
    say("requests a second, middle tenth", f"{part / (found[6 * part - 1] - found[5 * part]):.0f}")
    say("requests a second, last tenth", f"{part / (found[-1] - found[-part]):.0f}")
    say("CPU ms a drop", f"{1000 * stage.cpu() / count:.2f}")
    say("peak MB", f"{stage.peak():.0f}")


def records(count, first=0):
    return "{\"accounts\":[" + ",".join(
        json.dumps({
            "clientReferenceId": f"INV-{number:07d}", "invoiceNumber": f"{number}", "outstandingAmount": 100 + number % 9000,
            "brand": "ACME", "portfolio": "Retail", "product": "Furniture", "status": "Active", "dueDate": "2026-10-31",
            "firstName": "Alex", "lastName": f"Nguyen {number}", "email": f"alex.{number}@example.com",
            "notes": "A long story. " * 24,
        }, separators=(",", ":")) for number in range(first, first + count)) + "]}"


def large(stage, python, schemas, runs=5, count=48_000):
    text = records(count)
    stage.make("reference.json", text.encode())
    reference, ours, peaks = [], [], []
    stage.start()
    stage.settle()
    stage.peak()
    for run in range(runs):
        if python:
            printed = subprocess.run(
                [python, "-c", REFERENCE, stage.folder / "next/reference.json",
                 pathlib.Path(schemas) / "account.schema.json"], check=True, capture_output=True, text=True).stdout
            reference.append(float(printed))
        name = f"large-{run}.json"
        stage.make(name, records(count, run * count).encode())
        os.sync()
        moment = stage.rename(name)
        stage.wait(run + 2)
        ours.append(max(end for _, _, end, _ in stage.server.submissions()) - moment)
        peaks.append(stage.peak())
    print(f"a document of {len(text) / 1e6:.1f} MB, {count} records; medians of {runs} runs in turn")
    say("seconds from rename to the request's last byte", f"{statistics.median(ours):.2f}")
    if python:
        say("seconds of orjson, jsonschema-rs and sha256", f"{statistics.median(reference):.2f}")
        say("ratio", f"{statistics.median(reference) / statistics.median(ours):.2f} ×")
    say("peak MB, and as times the file", f"{max(peaks):.0f}   {max(peaks) / len(text) * 1e6:.1f}")

    stage.make("huge.json", records(10 * count, runs * count).encode())
    size = (stage.folder / "next/huge.json").stat().st_size
    os.sync()
    moment = stage.rename("huge.json")
    stage.wait(runs + 2)
    sent = [line for line in stage.server.submissions() if line[2] > moment]
    seconds = max(end for _, _, end, _ in sent) - moment
    print(f"a document of {size / 1e6:.0f} MB, {10 * count} records")
    say("requests", len(sent))
    say("seconds from rename to the last request's last byte", f"{seconds:.2f}")
    say("as times ten of the above", f"{seconds / 10 / statistics.median(ours):.2f}")
    say("peak MB", f"{stage.peak():.0f}")


def attachments(stage, count=200, size=20_000_000):
    block = os.urandom(1_000_000)
    for number in range(count):
        content = (b"%PDF-1.7\n" + f"{number}\n".encode()).ljust(64, b" ") + block * (size // len(block)) + b"\n%%EOF\n"
        stage.make(f"INV-{number:04d}.pdf", content)
    started = time.monotonic()
    for number in range(count):
        subprocess.run(["sha256sum", stage.folder / "next" / f"INV-{number:04d}.pdf"], check=True, stdout=subprocess.DEVNULL)
    hashed = time.monotonic() - started
    stage.start()
    stage.settle()
    before = stage.peak()
    before_cpu = stage.cpu()
    moment = time.time()
    for number in range(count):
        stage.rename(f"INV-{number:04d}.pdf")
    stage.wait(count + 1)
    seconds = max(end for _, _, end, _ in stage.server.submissions()) - moment
    print(f"{count} PDF files of {size / 1e6:.0f} MB")
    say("MB/s from the first rename to the last byte", f"{count * size / 1e6 / seconds:.0f}")
    say("MB/s of sha256sum alone", f"{count * size / 1e6 / hashed:.0f}")
    say("CPU ms a MB", f"{1000 * (stage.cpu() - before_cpu) / (count * size / 1e6):.2f}")
    say("peak MB before, and meanwhile", f"{before:.0f}   {stage.peak():.0f}")


def idle(stage, count=1000, seconds=180):
    configuration = stage.folder / "sluice.yaml"
    text = configuration.read_text()
    for number in range(count):
        (stage.folder / "idle" / str(number) / "inbox").mkdir(parents=True)
        text += f"  - {{name: idle-{number}, path: idle/{number}/inbox}}\n"
    configuration.write_text(text)
    stage.start()
    stage.settle()
    started = time.time() - stage.started
    # The first look at everything is part of the start.
    time.sleep(75)
    before = stage.cpu()
    time.sleep(seconds)
    print(f"{count} idle inboxes, each listed once a minute")
    say("seconds from the start until the first drop is filed", f"{started:.2f}")
    say(f"% of a CPU, in {seconds} s", f"{100 * (stage.cpu() - before) / seconds:.3f}")
    say("peak MB", f"{stage.peak():.0f}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("case", choices=["arriving", "waiting", "large", "attachments", "idle"])
    arguments.add_argument("program", help="sluice")
    arguments.add_argument("schemas")
    arguments.add_argument("--count", type=int, help="drops; of large: records; of idle: inboxes")
    arguments.add_argument("--python", help="large: a Python with orjson and jsonschema-rs")
    options = arguments.parse_args()
    stage = Stage(options.program, options.schemas)
    size = {"count": options.count} if options.count else {}
    try:
        if options.case == "large":
            large(stage, options.python, options.schemas, **size)
        else:
            cases = {"arriving": arriving, "waiting": waiting, "attachments": attachments, "idle": idle}
            cases[options.case](stage, **size)
    finally:
        stage.end()
    shutil.rmtree(stage.folder)


main()

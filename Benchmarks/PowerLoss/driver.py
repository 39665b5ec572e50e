"""The power-loss test behind scripts/power-loss: the service works on a file system that forgets what was not synced
(layer.py), the power goes, the service starts again on what the disk held, and everything has to be as it was promised.

The API is another machine: it forgets nothing. A sender syncs what it drops, file and folder; so it is owed.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from common import API, ENVIRONMENT, page, start_sandbox  # noqa: E402

# Debian's python3-pyfuse3 belongs to Debian's own Python.
PYTHON = "/usr/bin/python3"
CONFIGURATION = """
state: {disk}/state
schemas: {schemas}""" + API + """\
  timeout: 2s
  orderWait: 0s
limits: {{requestsPerMinute: unlimited, inFlight: 4, recordsPerBatch: 5}}
retry: {{attempts: 3, base: 5ms, cap: 50ms}}
breaker: {{failures: 50, probe: 200ms}}
log: {{level: info}}
admin: {{listen: none}}
inboxes:
  - name: erp
    path: {disk}/erp/inbox
    watch: inotify
    settle: 0s
    partialGrace: 100ms
    rescan: 1s
    attachments: {{wait: 1h}}
"""
# What the API does once: before it takes a batch, or after.
ANSWERS = """
payment: 503 *2
account: 503
account: tear-after
claim: close-after
attachment: 503
payment: tear-after
reference OPEN-1: close-after *3
reference BAD-1: 400 {"title": "No such debtor"} *50
"""
FOREIGN = 12345


class Power:
    """The layer, in a process of its own."""

    def __init__(self, disk, image, log, seed, model, forget):
        command = [PYTHON, HERE / "layer.py", disk, "--image", image, "--seed", str(seed), "--model", model]
        if forget:
            command += ["--forget", forget]
        self.disk = disk
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.expect("ready")

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, word):
        line = self.lines.get(timeout=30)
        assert line == word, f"the layer said {line}, not {word}"

    def ask(self, line):
        """The layer's answer; `cut` where the power went before it."""
        self.say(line)
        return self.lines.get(timeout=30)

    def wait(self):
        """Until the power has gone, by itself or because nothing happens any more.

        Returns the number of operations until then; `None` where it went by itself."""
        last, since = None, time.monotonic()
        while True:
            count = self.ask("count")
            if count == "cut":
                return None
            if count != last:
                last, since = count, time.monotonic()
            elif time.monotonic() - since > 1.2:
                answer = self.ask("cut")
                assert answer == "cut"
                return int(count)
            time.sleep(0.05)

    def go(self, last="go"):
        self.say(last)
        self.process.wait()
        subprocess.run(["umount", "-l", self.disk], check=True)


class Round:
    """One workload, one cut or two, one recovery."""

    def __init__(self, options, number, seed):
        self.options, self.number, self.seed = options, number, seed
        self.chance = random.Random(seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-power-"))
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.log = open(self.folder / "log", "a")
        self.inbox = self.disk / "erp/inbox"
        # By name: content, and whether it is known to have reached the disk.
        self.contents, self.owed = {}, set()
        self.model = options.model if options.model != "both" else ("harsh" if number % 2 else "ordered")
        self.kills = 0
        self.power = self.service = None

    def start_layer(self, part):
        self.power = Power(
            self.disk, self.folder / "image", self.log, self.seed + part, self.model, self.options.forget)

    def start_service(self):
        self.logged = os.path.getsize(self.log.name)
        self.service = subprocess.Popen(
            [self.options.program, "run"], cwd=self.folder, env=ENVIRONMENT, stderr=self.log, stdout=self.log)

    def run(self, cut, second):
        """Returns how many operations there were where nothing was cut, and what is wrong."""
        sandbox, self.base = start_sandbox(
            self.options.program, "--rate", "unlimited", "--script", self.write("answers", ANSWERS), stderr=self.log)
        try:
            self.write("sluice.yaml", CONFIGURATION.format(
                disk=self.disk, schemas=self.options.schemas, base=self.base))
            self.start_layer(0)
            self.inbox.mkdir(parents=True)
            for _ in range(self.options.drops):
                self.put(*self.make())
            before = int(self.power.ask("count"))
            if cut is not None:
                self.power.ask(f"arm {cut}")
            self.start_service()
            sender = threading.Thread(target=self.send_more)
            sender.start()
            count = self.power.wait()
            self.off(sender)
            if second is not None:
                self.start_layer(1)
                self.power.ask(f"arm {second}")
                self.start_service()
                self.power.wait()
                self.off()
            self.start_layer(2)
            self.start_service()
            self.send_accounts()
            problems = self.recover()
            return None if count is None else count - before, problems
        finally:
            for process in (self.service, sandbox, self.power and self.power.process):
                if process and process.poll() is None:
                    process.kill()
                    process.wait()
            subprocess.run(["umount", "-l", self.disk], stderr=subprocess.DEVNULL)

    def off(self, sender=None):
        """The machine is dead: nothing that runs on it comes to hear that its disk is."""
        self.service.kill()
        self.power.go()
        self.service.wait()
        if sender:
            sender.join()
        self.kills += 1

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    # The senders.

    def send_more(self):
        """While the service works: the power may go under the sender, too."""
        try:
            for _ in range(self.options.drops // 4):
                time.sleep(self.chance.uniform(0, 0.05))
                self.put(*self.make())
        except OSError:
            return

    def send_accounts(self):
        """Attachments wait for their accounts, and the power may have gone between the two."""
        for name in list(self.owed):
            number = name[2:-4]
            if name.endswith(".pdf") and f"account-of-{int(number) + 1}.json" not in self.owed:
                record = {**account(f"A-{number}"), "outstandingAmount": 7}
                self.put(f"late-{number}.json", json.dumps({"accounts": [record]}).encode())

    def make(self):
        number = len(self.contents)
        text = lambda body: json.dumps(body).encode()
        match number % 15:
            case 0:
                return f"accounts-{number}.json", text({"accounts": [account(f"A-{number}-{i}") for i in range(12)]})
            case 1:
                return f"payments-{number}.json", text({"payments": [payment(f"P-{number}", 1)]})
            case 2:
                xml = f"<payments><payment><clientReferenceId>X-{number}</clientReferenceId><amount>5</amount></payment></payments>"
                return f"payments-{number}.xml", xml.encode()
            case 3:
                return f"claims-{number}.json", text({"thirdPartyClaims": [{"claimNumber": f"C-{number}", "status": "Open"}]})
            case 4:
                return f"bad-{number}.json", text({"accounts": [{**account(f"B-{number}"), "outstandingAmount": -1}]})
            case 5:
                return f"A-{number}.pdf", f"%PDF-1.4\n{number}\n%%EOF\n".encode() * 300
            case 6:
                return f"account-of-{number}.json", text({"accounts": [account(f"A-{number - 1}")]})
            case 7:
                return f"again-{number}.json", self.contents[f"payments-{number - 6}.json"]
            case 8:
                reference = {"batchReferenceId": "OPEN-1"} if number < 15 else {}
                return f"payments-{number}.json", text({**reference, "payments": [payment(f"P-{number}", 3)]})
            case 9:
                reference = "BAD-1" if number < 15 else f"BAD-1-{number}"
                name = "bad" if number < 15 else "accounts"
                return f"{name}-{number}.json", text({"batchReferenceId": reference, "accounts": [account(f"R-{number}")]})
            case 10:
                return f"odd-{number}.json", b'{"accounts": [' + b"," * (number % 7)
            case 11:
                return f"payments-{number}.json", text({"payments": [payment(f"P-{number}-{i}", 2) for i in range(13)]})
            # The back and forth of one account: an old document must never be the last word.
            case 12 | 13:
                return f"accounts-{number}.json", text({"accounts": [{**account("FORTH"), "outstandingAmount": number}]})
            case _:
                return f"accounts-{number}.json", text(
                    {"accounts": [{**account("FORTH"), "outstandingAmount": 12}, account(f"L-{number}")]})

    def put(self, name, content):
        self.contents[name] = content
        part = self.inbox / f".{name}.part"
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            if len(self.contents) % 5 == 0:
                os.fchown(file.fileno(), FOREIGN, FOREIGN)
            os.fsync(file.fileno())
        part.rename(self.inbox / name)
        folder = os.open(self.inbox, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.owed.add(name)

    # Afterwards.

    def recover(self):
        deadline = time.monotonic() + self.options.patience
        last = None
        while time.monotonic() < deadline and self.service.poll() is None:
            # All may be in place from the start, and the service has to have looked.
            count = self.power.ask("count")
            if self.has_started() and count == last and self.is_finished():
                break
            if count == last and self.open_ends():
                # What failed for no reason of its own is put back at the next success.
                number = len(self.contents)
                self.put(f"late-{number}.json", json.dumps({"accounts": [account(f"N-{number}")]}).encode())
            last = count
            time.sleep(0.4)
        problems = [] if self.is_finished() else ["it did not come to its end"]
        if self.service.poll() is not None:
            problems.append(f"the service ended with {self.service.returncode}")
        self.service.terminate()
        self.service.wait()
        problems += self.check()
        for command in (["audit"], ["list", "--json"]):
            answer = subprocess.run(
                [self.options.program, *command], cwd=self.folder, capture_output=True, text=True,
                env=ENVIRONMENT)
            if answer.returncode != 0:
                problems.append(f"{command[0]}: " + answer.stdout[-1500:] + answer.stderr[-500:])
            elif command[0] == "list":
                problems += self.check_list(answer.stdout)
        self.power.go("end")
        return problems

    def has_started(self):
        with open(self.log.name, "rb") as log:
            log.seek(self.logged)
            return b" started " in log.read()

    def files(self, folder):
        place = self.disk / "erp" / folder
        # This disk has no attributes: a service notes itself in a file.
        return [path for path in place.rglob("*") if path.is_file() and path.name != ".holder"] if place.exists() else []

    def drops_in(self, folder):
        return [path for path in self.files(folder) if not path.name.endswith(".result.json")]

    def is_finished(self):
        waiting = [path for path in self.files("inbox") if not path.name.startswith(".")] + self.files(".work")
        filed = {path.name for folder in ("done", "failed") for path in self.drops_in(folder)}
        return not waiting and self.owed <= filed and not self.open_ends()

    def open_ends(self):
        """What failed and is none of the bad ones: it is put back by itself."""
        return [path for path in self.drops_in("failed") if not is_bad(path.name)]

    def check(self):
        problems = []
        inside = {}
        for place in ("done", "failed"):
            for path in self.drops_in(place):
                inside.setdefault(path.name, []).append((place, path))
        for place in ("inbox", ".work"):
            for path in self.files(place):
                if not (place == "inbox" and path.name.startswith(".")):
                    problems.append(f"left over: {path}")
        landed = set(self.owed)
        for name, content in self.contents.items():
            places = inside.pop(name, [])
            if not places and name not in self.owed:
                continue
            landed.add(name)
            if len(places) != 1:
                problems += ["lost" if not places else "doubled", f"{name} is in {len(places)} places"]
                continue
            problems += self.check_drop(name, content, *places[0])
        problems += [f"nobody dropped {name}" for name in inside]
        return problems + self.check_books(landed)

    def check_drop(self, name, content, place, path):
        if path.read_bytes() != content:
            return ["lost", f"{name} in {place} is not whole"]
        if path.stat().st_uid != os.getuid():
            return [f"{name} in {place} belongs to its sender"]
        try:
            result = json.loads(path.with_name(name + ".result.json").read_text())
        except (OSError, ValueError) as error:
            return [f"the result of {name} in {place}: {error}"]
        if (result["outcome"] != "failed") != (place == "done"):
            return [f"{name} is in {place} and its result says {result['outcome']}"]
        if is_bad(name) == (place == "done") or (result["outcome"] == "duplicate") != name.startswith("again"):
            return [f"{name} ended as {result['outcome']} {result.get('code')}: {result['message']}"]
        return []

    def check_books(self, landed):
        problems = []
        books, accepted = page(self.base, "books"), page(self.base, "accepted")["accepted"]
        for entry in accepted:
            if entry["acceptances"] != 1 or entry["mismatches"]:
                problems += ["doubled", f"{entry['reference']}: {entry}"]
        for entry in books["payments"]:
            if entry["count"] != 1:
                problems += ["doubled", f"payment {entry['clientReferenceId']} was applied {entry['count']} times"]
        sent = {record["clientReferenceId"] for name in landed if name.startswith("payments") and name.endswith("json")
                for record in json.loads(self.contents[name])["payments"]}
        sent |= {f"X-{name[9:-4]}" for name in landed if name.endswith(".xml")}
        for missing in sent - {entry["clientReferenceId"] for entry in books["payments"]}:
            problems += ["lost", f"payment {missing} never arrived"]
        return problems

    def check_list(self, text):
        """A file that a power loss put back is no second drop."""
        names = [entry["name"] for entry in entries(text)]
        return [f"{name} became {names.count(name)} drops" for name in set(names) if names.count(name) != 1]


def entries(text):
    try:
        value = json.loads(text)
        return value if isinstance(value, list) else value["drops"]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def is_bad(name):
    return name.startswith(("bad-", "odd-"))


def account(reference):
    return {"clientReferenceId": reference, "invoiceNumber": "1", "outstandingAmount": 1}


def payment(reference, amount):
    return {"clientReferenceId": reference, "amount": amount}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("schemas")
    arguments.add_argument("cuts", type=int, help="spread over the run")
    arguments.add_argument("seed", type=int)
    arguments.add_argument("--model", choices=["ordered", "harsh", "both"], default="both")
    arguments.add_argument("--forget", help="take fsyncs of paths that match this for nothing")
    arguments.add_argument("--forget-syncs", dest="forget", action="store_const", const="")
    arguments.add_argument("--expect-failure", action="store_true", help="end well at the first round that fails")
    arguments.add_argument("--jobs", type=int, default=2, help="rounds at the same time")
    arguments.add_argument("--drops", type=int, default=30, help="before the service starts; a quarter more later")
    arguments.add_argument("--patience", type=float, default=20, help="seconds for a recovery")
    options = arguments.parse_args()
    if options.forget == "":
        options.forget = "."
    problems, drops, kills = [], 0, 0

    def one(number, cut, second=None):
        nonlocal drops, kills
        round = Round(options, number, options.seed * 1000 + number)
        count, found = round.run(cut, second)
        drops += len(round.contents)
        kills += round.kills
        problems.extend(found)
        if found and not options.expect_failure:
            print(f"round {number}, {round.model}, cut at {cut}, then {second}: {round.folder}\n    "
                  + "\n    ".join(found[:20]), flush=True)
        else:
            subprocess.run(["rm", "-rf", round.folder], check=True)
        return count

    # The first round is cut when all is done; it says how many operations there are.
    total = one(0, None)
    chance = random.Random(options.seed)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as rounds:
        running = []
        for number in range(1, options.cuts + 1):
            cut = int(total * (number - chance.random()) / options.cuts)
            second = chance.randrange(1, 300) if number % 3 == 2 else None
            running.append(rounds.submit(one, number, cut, second))
        for result in running:
            if options.expect_failure and problems:
                rounds.shutdown(cancel_futures=True)
                break
            result.result()
    print(f"operations {total}, cuts {kills}, drops {drops}, lost {problems.count('lost')}, "
          f"doubled {problems.count('doubled')}, seed {options.seed}")
    sys.exit(bool(problems) != options.expect_failure)


main()

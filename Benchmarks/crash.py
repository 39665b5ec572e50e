"""The crash test behind scripts/crash-test: kills the service at random instants while drops of every kind flow through
a faulty sandbox. After every kill each drop has to be in exactly one place, whole, and with a result that agrees where it
is filed; in the end folders, ledger and the API's books have to agree with what was dropped."""

import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from common import API, ENVIRONMENT, page, start_sandbox

program, schemas, rounds, drops, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
PATIENCE = 300
FAULTS = "500:2%,503:2%,drop:4%,tear:2%,cut:1%,garbage:1%,latency:1ms..20ms"
CONFIGURATION = """
state: state
schemas: {schemas}""" + API + """\
  timeout: 2s
  orderWait: 0s
admin: {{listen: none}}
limits: {{requestsPerMinute: unlimited, inFlight: 8, recordsPerBatch: 5}}
retry: {{attempts: 6, base: 10ms, cap: 200ms}}
breaker: {{failures: 50, probe: 200ms}}
log: {{level: info}}
inboxes:
  - {{name: erp, path: erp/inbox, settle: 0s, partialGrace: 200ms, rescan: 1s, attachments: {{wait: 1h}}}}
"""
PLACES = ("inbox", ".work", "done", "failed")
SIDECAR = ".result.json"
NOBODY = 65534

chance = random.Random(seed)


class Problems:
    """What is not as the promises say. Only a drop that is nowhere, or a payment whose drop is in done and that the API
    does not have, is lost; what has not come to its end in time is late."""

    def __init__(self):
        self.found = []

    def add(self, sort, text):
        if (sort, text) not in self.found:
            self.found.append((sort, text))

    def count(self, sort):
        return sum(1 for other, _ in self.found if other == sort)


# What is dropped

def account(reference, amount=1):
    return {"clientReferenceId": reference, "invoiceNumber": "1", "outstandingAmount": amount}


def text(body):
    return json.dumps(body).encode()


def make(number, texts):
    """The name and content of a drop: most good, some bad, some equal to an earlier one."""
    sort = chance.random()
    if sort < 0.26:
        records = [account(f"A-{number}-{i}", i) for i in range(chance.choice([1, 1, 2, 12]))]
        return f"accounts-{number}.json", text({"accounts": records})
    if sort < 0.54:
        records = [{"clientReferenceId": f"P-{number}-{i}", "amount": i + 1} for i in
                   range(chance.choice([1, 1, 2, 13]))]
        return f"payments-{number}.json", text({"payments": records})
    if sort < 0.62:
        return f"claims-{number}.json", text({"thirdPartyClaims": [{"claimNumber": f"C-{number}", "status": "Open"}]})
    if sort < 0.70:
        record = f"<clientReferenceId>X-{number}</clientReferenceId><amount>5</amount>"
        return f"payments-{number}.xml", f"<payments><payment>{record}</payment></payments>".encode()
    if sort < 0.74:
        record = f"<clientReferenceId>AX-{number}</clientReferenceId><invoiceNumber>1</invoiceNumber>"
        record += "<outstandingAmount>1.50</outstandingAmount>"
        return f"accounts-{number}.xml", f"<accounts><account>{record}</account></accounts>".encode()
    if sort < 0.79:
        return f"own-{number}.json", text({"batchReferenceId": f"own-{number}", "accounts": [account(f"O-{number}")]})
    if sort < 0.86 and texts:
        return f"again-{number}.json", chance.choice(texts)
    if sort < 0.91:
        return f"bad-{number}.json", text({"accounts": [account(f"B-{number}", -1)]})
    if sort < 0.94:
        return f"odd-{number}.json", b'{"accounts": [' + b"," * (number % 7) + b"%d" % number
    return f"D-{number}.pdf", b"%%PDF-1.4\n%d\n%%%%EOF\n" % number


def is_bad(name):
    return name.startswith(("bad-", "odd-"))


def put(inbox, name, content):
    """Drops a file as senders should; where root runs this, some belong to somebody else, and are filed as copies."""
    part = inbox / f".{name}.part"
    part.write_bytes(content)
    if os.geteuid() == 0 and chance.random() < 0.2:
        os.chown(part, NOBODY, NOBODY)
    part.rename(inbox / name)


# What became of it

def digest(content):
    return hashlib.sha256(content).hexdigest()


def places_of_drops(erp):
    """Where each drop lies: lists of place and path, by name."""
    found = {}
    for place in PLACES:
        for path in sorted((erp / place).rglob("*")) if (erp / place).exists() else []:
            if not path.is_file() or path.name.endswith(SIDECAR) or path.name.startswith("."):
                continue
            found.setdefault(path.name, []).append((place, path))
    return found


def check_places(erp, contents, problems, when):
    """Every drop is in exactly one place and whole, and has a result that agrees where it is filed."""
    found = places_of_drops(erp)
    for name, content in contents.items():
        places = found.pop(name, [])
        if not places:
            problems.add("lost", f"{when}: {name} is nowhere")
        elif len(places) > 1:
            problems.add("doubled", f"{when}: {name} is in {', '.join(place for place, _ in places)}")
        for place, path in places:
            if digest(path.read_bytes()) != digest(content):
                problems.add("wrong", f"{when}: {name} in {place} is not whole")
            if place in ("done", "failed"):
                check_result(name, place, path, content, problems, when)
    for name, places in found.items():
        problems.add("wrong", f"{when}: nobody dropped {places[0][1]}")


def check_result(name, place, path, content, problems, when):
    sidecar = path.with_name(name + SIDECAR)
    if not sidecar.exists():
        return problems.add("wrong", f"{when}: {name} in {place} has no result")
    result = json.loads(sidecar.read_text())
    if (result["outcome"] == "failed") != (place == "failed"):
        problems.add("wrong", f"{when}: {name} is in {place} and its result says {result['outcome']}")
    if result["drop"].get("sha256") not in (None, digest(content)):
        problems.add("wrong", f"{when}: the result of {name} is that of another content")
    if is_bad(name) and place == "done":
        problems.add("wrong", f"{when}: {name} is in done")


def check_end(erp, contents, problems):
    """Nothing is left on the way, and whatever is good is done."""
    for place in ("inbox", ".work"):
        for path in (erp / place).rglob("*"):
            problems.add("late" if path.name in contents else "wrong", f"left over: {path}")
    for place in ("done", "failed"):
        names = {path.name for path in (erp / place).iterdir()} if (erp / place).exists() else set()
        for name in names:
            drop = name[:-len(SIDECAR)] if name.endswith(SIDECAR) else name
            if name.startswith(".") or drop not in names:
                problems.add("wrong", f"left over: {erp / place / name}")
            elif name == drop and (place == "failed") != is_bad(name):
                result = json.loads((erp / place / (name + SIDECAR)).read_text())
                problems.add("wrong", f"{name} ended as {result['outcome']} {result['code']}: {result['message']}")


def check_books(erp, base, contents, problems):
    """The API accepted each reference once and met it under one body only; it knows everything that is done, once."""
    accepted = page(base, "accepted")
    for batch in accepted["accepted"]:
        if batch["acceptances"] != 1:
            problems.add("doubled", f"{batch['reference']} was accepted {batch['acceptances']} times")
    for reference in accepted["ambiguous"]:
        problems.add("doubled", f"{reference} was sent with more than one body")
    books = page(base, "books")
    for sort in ("payments", "attachments"):
        for entry in books[sort]:
            if entry["count"] != 1:
                problems.add("doubled", f"{sort}: {entry['clientReferenceId']} was applied {entry['count']} times")
    for sort in ("accounts", "claims"):
        for entry in books[sort]:
            if entry["times"] != 1:
                problems.add("doubled", f"{sort}: {entry['identity']} was spoken of {entry['times']} times")
    known = {entry["clientReferenceId"] for sort in ("payments", "attachments") for entry in books[sort]}
    known |= {entry["identity"] for sort in ("accounts", "claims") for entry in books[sort]}
    for name, content in contents.items():
        isDone = (erp / "done" / name).exists()
        for identity in sorted(identities(name, content) - known):
            problems.add("lost" if isDone else "late", f"{identity} of {name} never arrived")
        if is_bad(name) and identities(name, content) & known:
            problems.add("wrong", f"{name} is bad and reached the API")


def identities(name, content):
    """What a drop is to bring onto the books."""
    if is_bad(name):
        return set()
    stem, suffix = name.rsplit(".", 1)
    if suffix == "pdf":
        return {stem}
    if suffix == "xml":
        return {("X-" if stem.startswith("payments") else "AX-") + stem.split("-")[1]}
    body = json.loads(content)
    records = next(value for value in body.values() if isinstance(value, list))
    return {record.get("clientReferenceId") or record["claimNumber"] for record in records}


# The rounds

class Run:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-crash-"))
        self.erp = self.folder / "erp"
        self.inbox = self.erp / "inbox"
        self.inbox.mkdir(parents=True)
        self.log = open(self.folder / "log", "a")
        self.problems = Problems()
        self.contents = {}
        self.texts = []
        self.kills = 0
        self.service = None
        self.sandbox, self.base = start_sandbox(program, "--rate", "unlimited", "--faults", FAULTS)
        (self.folder / "sluice.yaml").write_text(CONFIGURATION.format(schemas=schemas, base=self.base))

    def start(self):
        self.service = subprocess.Popen(
            [program, "run"], cwd=self.folder, env=ENVIRONMENT, stderr=self.log, stdout=self.log)

    def drop(self, name, content):
        self.contents[name] = content
        put(self.inbox, name, content)

    def drop_some(self, count):
        for _ in range(count):
            name, content = make(len(self.contents), self.texts)
            self.drop(name, content)
            if name.startswith(("accounts", "payments")) and name.endswith("json"):
                self.texts.append(content)
            # The accounts of attachments, so that these do not wait for ever.
            if name.endswith(".pdf"):
                self.drop(f"account-for-{name[:-4]}.json", text({"accounts": [account(name[:-4])]}))

    def kill(self, round):
        self.service.send_signal(signal.SIGKILL)
        if self.service.wait() != -signal.SIGKILL:
            self.problems.add("wrong", f"round {round}: the service had ended by itself, see {self.folder}/log")
        self.kills += 1
        check_places(self.erp, self.contents, self.problems, f"after kill {round}")

    def finish(self):
        """In peace now: everything comes to its end."""
        log = self.folder / "log"
        before = log.stat().st_size
        self.start()
        deadline = time.monotonic() + PATIENCE
        # A signal before that would simply end it.
        while b" started " not in log.read_bytes()[before:] and time.monotonic() < deadline:
            time.sleep(0.05)
        bells = 0
        while not self.is_idle():
            if time.monotonic() > deadline:
                self.problems.add("late", f"not everything came to its end within {PATIENCE} s")
                break
            time.sleep(0.3)
            # What failed for no reason of its own is put back at the next success: there has to be one.
            if any(not is_bad(path.name) and not path.name.endswith(SIDECAR)
                   for path in (self.erp / "failed").glob("*")):
                bells += 1
                self.drop(f"accounts-bell{bells}.json", text({"accounts": [account(f"BELL-{bells}")]}))
                time.sleep(1)
        self.service.send_signal(signal.SIGTERM)
        if self.service.wait() != 0:
            self.problems.add("wrong", f"the service ended with {self.service.returncode}")

    def is_idle(self):
        if any(self.inbox.iterdir()) or any(path.is_file() for path in (self.erp / ".work").rglob("*")):
            return False
        return all((self.erp / ("failed" if is_bad(name) else "done") / name).exists() for name in self.contents)

    def check(self):
        check_places(self.erp, self.contents, self.problems, "at the end")
        check_end(self.erp, self.contents, self.problems)
        check_books(self.erp, self.base, self.contents, self.problems)
        audit = subprocess.run(
            [program, "audit"], cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True)
        if audit.returncode != 0:
            self.problems.add("wrong", "audit: " + audit.stdout[-2000:] + audit.stderr[-500:])

    def end(self):
        for process in (self.service, self.sandbox):
            if process and process.poll() is None:
                process.kill()


def main():
    run = Run()
    try:
        for round in range(1, rounds + 1):
            run.start()
            # The last round brings what does not divide.
            run.drop_some(drops // rounds + (drops % rounds if round == rounds else 0))
            time.sleep(chance.uniform(0.02, 0.9))
            run.kill(round)
        run.finish()
        run.check()
    finally:
        run.end()
    filed = {place: sum(1 for path in (run.erp / place).glob("*") if not path.name.endswith(SIDECAR))
             for place in ("done", "failed")}
    print(f"rounds {rounds}, kills {run.kills}, drops {len(run.contents)}, done {filed['done']}, "
          f"failed {filed['failed']}, lost {run.problems.count('lost')}, doubled {run.problems.count('doubled')}, "
          f"seed {seed}")
    if run.problems.found:
        for sort, problem in run.problems.found[:40]:
            print(f"{sort}: {problem}")
        print(f"{len(run.problems.found)} problems; everything lies in {run.folder}")
        sys.exit(1)
    subprocess.run(["rm", "-rf", run.folder], check=True)


main()

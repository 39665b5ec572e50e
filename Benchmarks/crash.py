"""The crash test behind scripts/crash-test: kills the service at random instants while drops of every kind flow, and
compares what was dropped with folders, ledger and the API's books."""

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
import urllib.request

program, schemas, rounds, drops, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
FAULTS = "500:2%,503:2%,drop:4%,tear:2%,cut:1%,garbage:1%,latency:1ms..20ms"
CONFIGURATION = """
state: state
schemas: {schemas}
api:
  url: {base}/sync
  tokenURL: {base}/oauth/token
  audience: crash
  clientID: crash
  clientSecret: {{env: SLUICE_CRASH_SECRET}}
  timeout: 2s
  orderWait: 0s
limits: {{requestsPerMinute: unlimited, inFlight: 8, recordsPerBatch: 5}}
retry: {{attempts: 6, base: 10ms, cap: 200ms}}
breaker: {{failures: 50, probe: 200ms}}
log: {{level: info}}
inboxes:
  - {{name: erp, path: erp/inbox, settle: 0s, partialGrace: 200ms, rescan: 1s, attachments: {{wait: 1h}}}}
"""

chance = random.Random(seed)


def page(base, name):
    with urllib.request.urlopen(f"{base}/sandbox/{name}", timeout=60) as answer:
        return json.load(answer)


def account(reference, amount):
    return {"clientReferenceId": reference, "invoiceNumber": "1", "outstandingAmount": amount}


def make(number, texts):
    """The name and content of a drop: most good, some bad, some equal to an earlier one."""
    sort = chance.random()
    if sort < 0.30:
        body = {"accounts": [account(f"A-{number}-{i}", i) for i in range(chance.choice([1, 1, 2, 12]))]}
        return f"accounts-{number}.json", json.dumps(body).encode()
    if sort < 0.60:
        body = {"payments": [{"clientReferenceId": f"P-{number}-{i}", "amount": i + 1} for i in
                             range(chance.choice([1, 1, 2, 13]))]}
        return f"payments-{number}.json", json.dumps(body).encode()
    if sort < 0.70:
        return f"claims-{number}.json", json.dumps(
            {"thirdPartyClaims": [{"claimNumber": f"C-{number}", "status": "Open"}]}).encode()
    if sort < 0.80:
        xml = f"<payments><payment><clientReferenceId>X-{number}</clientReferenceId><amount>5</amount></payment></payments>"
        return f"payments-{number}.xml", xml.encode()
    if sort < 0.86 and texts:
        return f"again-{number}.json", chance.choice(texts)
    if sort < 0.92:
        return f"bad-{number}.json", json.dumps({"accounts": [account(f"B-{number}", -1)]}).encode()
    if sort < 0.95:
        return f"odd-{number}.json", b'{"accounts": [' + b"," * (number % 7)
    body = f"%PDF-1.4\n{number}\n%%EOF\n".encode()
    return f"A-{number}.pdf", body


def put(inbox, name, content):
    part = inbox / f".{name}.part"
    part.write_bytes(content)
    part.rename(inbox / name)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-crash-"))
    inbox = folder / "erp/inbox"
    inbox.mkdir(parents=True)
    sandbox = subprocess.Popen(
        [program, "sandbox", "--listen", "127.0.0.1:0", "--rate", "unlimited", "--faults", FAULTS],
        stdout=subprocess.PIPE, text=True)
    service = None
    try:
        base = sandbox.stdout.readline().split(" on ")[1].split(".  ")[0].split(". For")[0].strip()
        (folder / "sluice.yaml").write_text(CONFIGURATION.format(schemas=schemas, base=base))
        environment = {**os.environ, "SLUICE_CRASH_SECRET": "secret"}
        log = open(folder / "log", "a")

        def start():
            return subprocess.Popen([program, "run"], cwd=folder, env=environment, stderr=log, stdout=log)

        contents, texts = {}, []
        for round in range(rounds):
            service = start()
            for _ in range(drops // rounds):
                name, content = make(len(contents), texts)
                contents[name] = content
                if name.startswith(("accounts", "payments")) and name.endswith("json"):
                    texts.append(content)
                put(inbox, name, content)
                # The accounts of attachments, so that these do not wait for ever.
                if name.endswith(".pdf"):
                    first = f"accounts-for-{name[:-4]}.json"
                    contents[first] = json.dumps({"accounts": [account(name[:-4], 1)]}).encode()
                    put(inbox, first, contents[first])
            time.sleep(chance.uniform(0.02, 0.9))
            service.send_signal(signal.SIGKILL)
            service.wait()
        # In peace now: everything comes to its end.
        service = start()
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if not any(inbox.iterdir()) and not left(folder / "erp/.work") and count(folder) >= len(contents):
                break
            time.sleep(0.2)
        time.sleep(1)
        service.send_signal(signal.SIGTERM)
        service.wait()
        problems = check(folder, base, contents)
        audit = subprocess.run([program, "audit"], cwd=folder, env=environment, capture_output=True, text=True)
        if audit.returncode != 0:
            problems.append("audit: " + audit.stdout[-2000:] + audit.stderr[-500:])
    finally:
        for process in (service, sandbox):
            if process and process.poll() is None:
                process.kill()
    done = len(drops_in(folder / "erp/done"))
    failed = len(drops_in(folder / "erp/failed"))
    print(f"rounds {rounds}, kills {rounds}, drops {len(contents)}, done {done}, failed {failed}, "
          f"lost {problems.count('lost')}, doubled {problems.count('doubled')}, seed {seed}")
    if problems:
        for problem in problems[:40]:
            print(problem)
        print(f"everything lies in {folder}")
        sys.exit(1)
    subprocess.run(["rm", "-rf", folder], check=True)


def left(work):
    return [path for path in work.rglob("*") if path.is_file() and path.name != ".holder"] if work.exists() else []


def drops_in(folder):
    return [path for path in folder.iterdir() if not path.name.endswith(".result.json")] if folder.exists() else []


def count(folder):
    return len(drops_in(folder / "erp/done")) + len(drops_in(folder / "erp/failed"))


def check(folder, base, contents):
    """What is not as the promises say."""
    problems = []
    inside = {}
    for place in ("done", "failed"):
        for path in drops_in(folder / "erp" / place):
            inside.setdefault(path.name, []).append((place, path))
    for place in ("inbox", ".work"):
        for path in left(folder / "erp" / place):
            problems.append(f"left over: {path}")
    for name, content in contents.items():
        places = inside.pop(name, [])
        if len(places) != 1:
            problems += ["lost" if not places else "doubled", f"{name} is in {len(places)} places"]
            continue
        place, path = places[0]
        if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(content).digest():
            problems.append(f"{name} is not whole")
        sidecar = path.with_name(name + ".result.json")
        if not sidecar.exists():
            problems.append(f"{name} has no result")
            continue
        result = json.loads(sidecar.read_text())
        isDone = result["outcome"] != "failed"
        if isDone != (place == "done"):
            problems.append(f"{name} is in {place} and its result says {result['outcome']}")
        isBad = name.startswith(("bad-", "odd-"))
        if isDone == isBad:
            problems.append(f"{name} ended as {result['outcome']} {result['code']}: {result['message']}")
    problems += [f"nobody dropped {name}" for name in inside]
    books = page(base, "books")
    for payment in books["payments"]:
        if payment["count"] != 1:
            problems += ["doubled", f"payment {payment['clientReferenceId']} was applied {payment['count']} times"]
    expected = {record["clientReferenceId"] for name, content in contents.items()
                if name.startswith("payments") and name.endswith("json") for record in json.loads(content)["payments"]}
    expected |= {f"X-{name[9:-4]}" for name in contents if name.endswith(".xml")}
    paid = {payment["clientReferenceId"] for payment in books["payments"]}
    for missing in expected - paid:
        problems += ["lost", f"payment {missing} never arrived"]
    return problems


main()

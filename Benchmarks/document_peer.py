#!/usr/bin/env python3
"""The same steps with orjson and jsonschema-rs: document_peer.py FILE SCHEMA prints a line for each, in MB/s."""
import statistics
import sys
import time

import jsonschema_rs
import orjson

text = open(sys.argv[1], "rb").read()
validator = jsonschema_rs.validator_for(orjson.loads(open(sys.argv[2], "rb").read()))
document = orjson.loads(text)


def measure(name, body):
    times = []
    for _ in range(5):
        started = time.perf_counter()
        body()
        times.append(time.perf_counter() - started)
    print(name, int(len(text) / statistics.median(times) / 1e6))


def check(fact):
    assert fact, "the document of the benchmark is valid"


measure("parse", lambda: orjson.loads(text))
measure("validate", lambda: check(validator.is_valid(document)))
measure("parse+validate", lambda: check(validator.is_valid(orjson.loads(text))))

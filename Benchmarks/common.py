"""What the scripts here have in common: a service's configuration, its secret, and a sandbox to run it against."""

import json
import os
import subprocess
import urllib.request

# The key `api` of a configuration; {base} is the API's address.
API = """
api:
  url: {base}/sync
  tokenURL: {base}/oauth/token
  audience: test
  clientID: test
  clientSecret: {{env: SLUICE_TEST_SECRET}}
"""
ENVIRONMENT = {**os.environ, "SLUICE_TEST_SECRET": "secret"}


def start_sandbox(program, *arguments, **options):
    """The process, and the address that it listens on."""
    process = subprocess.Popen(
        [program, "sandbox", "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True, **options)
    return process, process.stdout.readline().split(" on ")[1].split(".  ")[0].split(". For")[0].strip()


def page(base, name, seconds=60):
    """What a sandbox's own page says."""
    with urllib.request.urlopen(f"{base}/sandbox/{name}", timeout=seconds) as answer:
        return json.load(answer)

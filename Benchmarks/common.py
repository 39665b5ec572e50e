"""What the scripts here have in common: a service's configuration, its secret, and a sandbox to run it against."""

import os
import subprocess

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


def start_sandbox(program, *arguments):
    """The process, and the address that it listens on."""
    process = subprocess.Popen(
        [program, "sandbox", "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split(" on ")[1].split(".  ")[0].split(". For")[0].strip()

"""nginx as an API that costs little, and the documents that it is sent."""

import getpass
import json
import re
import socket
import subprocess
import sys
import time

# A server that costs little: it reads every body and answers 202.
SERVER = """
daemon off;
user {user};
worker_processes 1;
pid nginx.pid;
error_log logs/error.log;
events {{ worker_connections 1024; }}
http {{
  log_format times escape=json '$request_method $msec $request_time $status $request_length $request_body';
  access_log {log};
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  client_body_temp_path tmp;
  keepalive_requests 1000000;
  upstream sink {{ server 127.0.0.1:{sink}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location = /oauth/token {{
      default_type application/json;
      return 200 '{{"access_token":"bench","token_type":"Bearer","expires_in":86400}}';
    }}
    location /sync/ {{
      default_type application/json;
      add_header Location /sync/v1/status/bench always;
      proxy_pass http://sink;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
  server {{
    listen 127.0.0.1:{sink};
    access_log off;
    keepalive_requests 1000000;
    location / {{ default_type application/json; return 202 '{{"status":"Accepted"}}'; }}
  }}
}}
"""


def document(number):
    """An account document of about 1 KB, unlike all others."""
    return json.dumps({
        "accounts": [{
            "clientReferenceId": f"INV-{number:07d}", "invoiceNumber": f"{number}", "outstandingAmount": 100 + number,
            "brand": "ACME", "portfolio": "Retail", "product": "Furniture", "status": "Active",
            "dueDate": "2026-10-31", "firstName": "Alex", "lastName": f"Nguyen {number}",
            "email": f"alex.{number}@example.com", "mobileNumber": "0491 570 006", "notes": "A long story. " * 36,
        }]
    }, indent=2)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """nginx in a folder of its own, on loopback."""

    def __init__(self, folder, is_logging=False):
        self.folder = folder
        for name in ("logs", "tmp"):
            (folder / name).mkdir(parents=True)
        self.port = free_port()
        (folder / "nginx.conf").write_text(SERVER.format(
            user=getpass.getuser(), port=self.port, sink=free_port(), log="logs/access.log times" if is_logging else "off"))
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-p", folder, "-c", "nginx.conf", "-e", "logs/error.log"])
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    sys.exit(f"nginx does not start: {(folder / 'logs/error.log').read_text()}")
                time.sleep(0.01)

    def end(self):
        self.process.terminate()
        self.process.wait()

    def submissions(self):
        """Of each that was accepted so far: the `clientReferenceId` that it begins with, when it began and when it ended,
        in seconds since 1970, and its bytes."""
        found = []
        for line in (self.folder / "logs/access.log").read_text(errors="replace").splitlines():
            match = re.match(r"(?:PUT|POST) ([0-9.]+) ([0-9.]+) 202 ([0-9]+) (.*)", line)
            if match:
                end, took = float(match[1]), float(match[2])
                name = re.search(r'"clientReferenceId\\":\s*\\"([^"\\]*)', match[4])
                found.append((name and name[1], end - took, end, int(match[3])))
        return found

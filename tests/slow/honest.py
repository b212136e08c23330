#!/usr/bin/env python3
"""An honest caller: signed reads of one offer at an even pace over keep-alive connections, from an address of its own.

usage: honest.py SECONDS PER_SECOND

Prints the 50th and 99th percentile of the answer times in milliseconds, each measured from the moment its request was
due; ends with 1 if any request was answered by anything but 200, or not at all.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import sys
import threading
import time
from urllib.parse import urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "partner-sdk-examples" / "python"))
from xunyuan import Signer  # noqa: E402

LINES = 8
# Whoever attacks from 127.0.0.1 uses up that address' connections, not this one's.
FROM = ("127.0.0.2", 0)


def setting(name):
    return os.environ[name]


class Caller:
    """Connections of threads, each opened again when it was closed between two requests."""

    def __init__(self):
        self.url, self.local = setting("XUNYUAN_URL").rstrip("/"), threading.local()
        self.at = urlsplit(self.url)
        self.signer = Signer(setting("XUNYUAN_KEY_ID"), setting("XUNYUAN_SECRET"))

    def ask(self, path, due):
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            status, _ = self.fetch(path)
        except OSError as error:
            status = repr(error)
        except http.client.HTTPException as error:
            status = repr(error)
        return time.monotonic() - due, status

    def fetch(self, path):
        fields, _ = self.signer.sign("GET", self.url + path)
        line = getattr(self.local, "line", None)
        if line is None:
            line = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=10, source_address=FROM)
            self.local.line = line
        try:
            line.request("GET", path, headers=fields)
            answer = line.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            line.close()
            self.local.line = None
            raise


def main():
    seconds, rate = float(sys.argv[1]), float(sys.argv[2])
    caller = Caller()
    _, found = caller.fetch("/v1/offers?limit=1")
    path = f"/v1/offers/{json.loads(found)['items'][0]['id']}"
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(LINES) as pool:
        told = list(pool.map(lambda due: caller.ask(path, due), [begun + number / rate for number in range(int(seconds * rate))]))
    wrong = [status for _, status in told if status != 200]
    times = sorted(took * 1000 for took, _ in told)
    print(f"{len(told)} {len(wrong)} {times[len(times) // 2]:.1f} {times[len(times) * 99 // 100]:.1f}")
    if wrong:
        print(f"not answered: {wrong[:5]}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""Looks behind the older protocol: the ledger by the newer face, and the catalogue that orders are placed at."""

import json
import os
import pathlib
import sys
import time
import tomllib
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "partner-sdk-examples" / "python"))

from xunyuan import Client  # noqa: E402

PATIENCE_S = 20


class Ledger(Client):
    """The same partner, by the newer face."""

    def __init__(self):
        super().__init__(os.environ["XUNYUAN_URL"], os.environ["XUNYUAN_KEY_ID"], os.environ["XUNYUAN_SECRET"])

    def read(self, path):
        return self.call("GET", path).json()

    def order_of(self, reference):
        return self.order_by_reference(reference).json()


def until(look, holds):
    """What `look` gives, as soon as it holds."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        seen = look()
        if holds(seen):
            return seen
        assert time.monotonic() < ends, "still: %s" % seen
        time.sleep(0.1)


def tell_catalogue(path, what):
    """Moves something on at the catalogue, as its own staff would."""
    with open(os.environ["XUNYUAN_CONFIG"], "rb") as file:
        catalogue = tomllib.load(file)["upstream"]["sandbox"]
    request = urllib.request.Request(
        catalogue["url"].rstrip("/") + path, json.dumps(what).encode(), method="POST",
        headers={"Content-Type": "application/json", "X-Internal-Token": catalogue["token"]})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

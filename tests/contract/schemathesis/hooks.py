"""Schemathesis hooks: sign every request as a partner does, and let real ids stand in for every second made-up one.

The signature is made last, when the request's bytes are settled, so that it fits whatever the fuzzer thought of. With
made-up ids alone, hardly a request would get behind "there is no such offer".
"""

import atexit
import collections
import json
import os
import sys
import zlib
from pathlib import Path

import schemathesis
from requests.auth import AuthBase

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "partner-sdk-examples" / "python")]
from stock import gather  # noqa: E402 the path comes first
from xunyuan import Client  # noqa: E402

CLIENT = Client(os.environ["XUNYUAN_URL"], os.environ["XUNYUAN_KEY_ID"], os.environ["XUNYUAN_SECRET"])
REAL = gather(CLIENT)
COVERED = ("content-type", "idempotency-key")
# Things that only make sense as a whole, by their members; the first that fits.
WHOLE = {
    "inspected": {"order_id", "sku_id", "result"},
    "received": {"order_id", "sku_id", "quantity"},
    "line": {"sku_id", "quantity"},
}
PIECES = REAL["received"] + REAL["inspected"]
TALLY = collections.defaultdict(collections.Counter)


class Signed(AuthBase):
    """Adds Content-Digest, Signature-Input and Signature to a prepared request."""

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = request.body = body.encode()
        if body and "Content-Type" not in request.headers:
            request.headers["Content-Type"] = "application/octet-stream"
        for name in ("Content-Digest", "Signature", "Signature-Input"):
            request.headers.pop(name, None)
        fields = [(name, text(request.headers[name])) for name in COVERED if name in request.headers]
        added, _ = CLIENT.signer.sign(request.method, request.url, fields, body)
        request.headers.update(added)
        return request


def text(value):
    """A field value as the text that goes over the wire."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def real(name, value):
    """Goes through a generated value; whether an id gives way depends on it alone, so that a run can be repeated."""
    if isinstance(value, dict):
        inner = {key: real(key, part) for key, part in value.items()}
        whole = next((whole for whole, members in WHOLE.items() if members <= inner.keys()), None)
        return pick(whole, inner, inner) if whole else inner
    if isinstance(value, list) and name not in REAL:
        parts = [real(name, part) for part in value]
        # One real piece stands for all: the same one twice would be refused for that.
        return next(([part] for part in parts if part in PIECES), parts)
    if isinstance(value, (str, list)):
        return pick(name, value, value)
    return value


def pick(name, value, otherwise):
    """One of the real things of that name for every second value."""
    choices = REAL.get(name)
    turn = zlib.crc32(repr(value).encode("utf-8", "surrogatepass"))
    return choices[(turn >> 1) % len(choices)] if choices and turn & 1 else otherwise


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return real("", path_parameters)


@schemathesis.hook
def map_query(context, query):
    return real("", query)


@schemathesis.hook
def map_body(context, body):
    return real("", body)


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["auth"] = Signed()


@schemathesis.hook
def after_call(context, case, response):
    TALLY[case.operation.label][response.status_code] += 1


@atexit.register
def leave_tally():
    Path(os.environ["XUNYUAN_FUZZ_TALLY"]).write_text(json.dumps(TALLY))

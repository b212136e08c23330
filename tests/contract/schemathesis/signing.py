"""Schemathesis hook: signs every request as a partner does, with the example client's own signer.

The signature is made last, when the request's bytes are settled, so that it fits whatever the fuzzer thought of.
"""

import os
import sys
from pathlib import Path

import schemathesis
from requests.auth import AuthBase

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "partner-sdk-examples" / "python"))
from xunyuan import Signer  # noqa: E402 the path comes first

SIGNER = Signer(os.environ["XUNYUAN_KEY_ID"], os.environ["XUNYUAN_SECRET"])
COVERED = ("content-type", "idempotency-key")


class Signed(AuthBase):
    """Adds Content-Digest, Signature-Input and Signature to a prepared request."""

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
            request.body = body
        if body and "Content-Type" not in request.headers:
            request.headers["Content-Type"] = "application/octet-stream"
        for name in ("Content-Digest", "Signature", "Signature-Input"):
            request.headers.pop(name, None)
        fields = [(name, text(request.headers[name])) for name in COVERED if name in request.headers]
        added, _ = SIGNER.sign(request.method, request.url, fields, body)
        request.headers.update(added)
        return request


def text(value):
    """A field value as the text that goes over the wire."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs["auth"] = Signed()

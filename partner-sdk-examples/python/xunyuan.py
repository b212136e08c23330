"""A small client for the Xunyuan partner API: signs every request, explains every refusal.

Standard library only. Copy this file into your project; `walk.py` shows how it is used.
For an ed25519 key the `openssl` command makes the signature, because Python's library cannot.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import subprocess
import tempfile
import time
from urllib.parse import quote, urlencode, urlsplit

TAG = "xunyuan-v1"
DEFAULT_PORTS = {"https": 443, "http": 80}

# What to do about the refusals you are most likely to meet; the page behind `type` knows all of them.
ADVICE = {
    "signature_missing": "Send Signature-Input and Signature; Accept-Signature in the answer lists what to cover.",
    "signature_malformed": "Compare your two headers with the worked example in partner-sdk-examples/README.md.",
    "coverage_insufficient": "Cover the components the answer lists.",
    "clock_skew": "Set this machine's clock (NTP); server_time in the answer is the gateway's.",
    "unknown_key": "Check XUNYUAN_KEY_ID, and that a sandbox key goes to the sandbox and a live key to the live gateway.",
    "signature_mismatch": "Check XUNYUAN_SECRET, then compare your signature base with signature_base (sandbox keys get it).",
    "digest_mismatch": "Digest exactly the bytes you send; do not serialise the JSON twice.",
    "replayed": "Use a fresh nonce for every request, retries too; keep the Idempotency-Key.",
    "scope_missing": "Ask for a key with this scope.",
    "rate_limited": "Wait for Retry-After seconds; RateLimit tells what is left before you run into it.",
    "order_in_progress": "The first call is still running: wait for Retry-After, then repeat with the same Idempotency-Key.",
    "idempotency_mismatch": "This Idempotency-Key was used with another body: take a new key for a new order.",
}


class Problem(Exception):
    """An answer that is not a success (RFC 9457), with what to do next."""

    def __init__(self, status, headers, body):
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        self.document = document if isinstance(document, dict) else {}
        self.status = status
        self.code = self.document.get("code", "no_code")
        self.detail = self.document.get("detail") or self.document.get("title") or body[:200].decode("utf-8", "replace")
        self.request_id = self.document.get("request_id") or headers.get("x-request-id", "unknown")
        self.retry_after = headers.get("retry-after")
        self.retryable = bool(self.document.get("retryable"))
        super().__init__(self.explain())

    def explain(self):
        lines = [f"{self.status} {self.code}: {self.detail}"]
        for error in self.document.get("errors", []):
            lines.append(f"  {error.get('pointer', '#')}: {error.get('detail', error)}")
        if "signature_base" in self.document:
            lines.append("  the gateway's signature base:\n" + self.document["signature_base"])
        lines.append(f"  request id: {self.request_id} (quote it when you ask)")
        lines.append("  next: " + self.next_step())
        return "\n".join(lines)

    def next_step(self):
        if self.code in ADVICE:
            return ADVICE[self.code]
        if self.retryable:
            return f"Try again after {self.retry_after or 1} s, with the same Idempotency-Key if there is one."
        page = self.document.get("type", "about:blank")
        return "Mend the request." if page == "about:blank" else f"Read {page}"


class Answer:
    """A successful answer: status, headers in lower case, the bytes as received."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Signer:
    """Signs requests: RFC 9421 with the tag xunyuan-v1, RFC 9530 for the body."""

    def __init__(self, key_id, secret):
        if os.path.isfile(secret):
            with open(secret, encoding="ascii") as file:
                secret = file.read()
        self.key_id, self.secret = key_id, secret
        self.algorithm = "ed25519" if "PRIVATE KEY" in secret else "hmac-sha256"

    def sign(self, method, url, headers=(), body=b"", also_cover=(), digests=("sha-256",), created=None, nonce=None):
        """Returns the headers to add, as a dict, and the signature base, to compare when something does not fit."""
        added = {}
        covered = ["@method", "@authority", "@path", "@query"]
        if body:
            added["Content-Digest"] = content_digest(body, digests)
            covered += ["content-digest", "content-type"]
        fields = {name.lower(): value for name, value in [*headers, *added.items()]}
        if "idempotency-key" in fields:
            covered.append("idempotency-key")
        covered += also_cover
        created = int(time.time()) if created is None else created
        nonce = nonce or secrets.token_urlsafe(16)
        names = " ".join(f'"{name}"' for name in covered)
        params = f'({names});created={created};nonce="{nonce}";keyid="{self.key_id}";alg="{self.algorithm}";tag="{TAG}"'
        derived = derived_components(method, url)
        lines = [f'"{name}": {derived[name] if name in derived else fields[name].strip()}' for name in covered]
        base = "\n".join([*lines, f'"@signature-params": {params}'])
        signature = base64.b64encode(self._sign_bytes(base.encode())).decode()
        added["Signature-Input"] = f"sig={params}"
        added["Signature"] = f"sig=:{signature}:"
        return added, base

    def _sign_bytes(self, data):
        if self.algorithm == "hmac-sha256":
            return hmac.new(self.secret.encode(), data, hashlib.sha256).digest()
        with tempfile.TemporaryDirectory() as folder:
            key, message = os.path.join(folder, "key"), os.path.join(folder, "message")
            with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(self.secret)
            with open(message, "wb") as file:
                file.write(data)
            command = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message]
            return subprocess.run(command, check=True, capture_output=True).stdout


def content_digest(body, algorithms=("sha-256",)):
    known = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
    return ", ".join(f"{name}=:{base64.b64encode(known[name](body).digest()).decode()}:" for name in algorithms)


def derived_components(method, url):
    """The parts of the request line, exactly as they go over the wire: nothing is decoded or encoded again."""
    parts = urlsplit(url)
    authority = parts.netloc.rsplit("@", 1)[-1].lower()
    default = f":{DEFAULT_PORTS[parts.scheme]}"
    return {
        "@method": method,
        "@authority": authority[: -len(default)] if authority.endswith(default) else authority,
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
    }


class Client:
    """Calls the partner API. `secret` is the text xys_…, or an ed25519 key in PEM (or a file that holds one)."""

    def __init__(self, url, key_id, secret, timeout=30):
        self.url, self.timeout = url.rstrip("/"), timeout
        self.signer = Signer(key_id, secret)

    def call(self, method, path, query=None, body=None, idempotency_key=None, attempts=3):
        """Sends a request and returns an `Answer`, or raises `Problem`.

        Repeats by itself only what is safe to repeat: reads, and writes that have an idempotency key.
        Every attempt is signed anew, with a fresh nonce and the same idempotency key.
        """
        url = self.url + path + ("?" + urlencode(query, doseq=True) if query else "")
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = [("Content-Type", "application/json")] if data else []
        if idempotency_key:
            headers.append(("Idempotency-Key", idempotency_key))
        safe = method in ("GET", "HEAD") or idempotency_key is not None
        for left in range(attempts - 1, -1, -1):
            try:
                answer = self._send(method, url, headers, data)
            except (OSError, http.client.HTTPException):
                if not (safe and left):
                    raise
                time.sleep(1)
                continue
            if answer.status < 400:
                return answer
            problem = Problem(answer.status, answer.headers, answer.body)
            if not (safe and left and problem.retryable):
                raise problem
            wait = problem.retry_after or "1"
            time.sleep(min(int(wait) if wait.isdigit() else 1, 30))
        raise AssertionError("attempts must be at least 1")

    def _send(self, method, url, headers, data):
        added, _ = self.signer.sign(method, url, headers, data)
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=self.timeout)
        try:
            target = url.split("://", 1)[1][len(parts.netloc):] or "/"
            connection.request(method, target, body=data or None, headers={**dict(headers), **added})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def search(self, words, **more):
        return self.call("GET", "/v1/offers", {"q": words, **more})

    def offer(self, offer_id, **more):
        return self.call("GET", f"/v1/offers/{quote(offer_id, safe='')}", more)

    def quote(self, lines, **more):
        return self.call("POST", "/v1/quotes", body={"lines": lines, **more})

    def order(self, reference, quote_id, idempotency_key, **more):
        body = {"reference": reference, "quote_id": quote_id, **more}
        return self.call("POST", "/v1/orders", body=body, idempotency_key=idempotency_key)

    def order_by_reference(self, reference):
        return self.call("GET", f"/v1/orders/by-reference/{quote(reference, safe='')}")


class NotGenuine(Exception):
    """A webhook delivery that must not be trusted."""


def verify_webhook(secret, headers, body, now=None, tolerance=300):
    """Checks a delivery (Standard Webhooks 1.0) over the raw bytes of its body; raises `NotGenuine`.

    Afterwards remember `webhook-id`: deliveries come at least once.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp, signatures = (fields["webhook-" + name] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise NotGenuine(f"the header {missing} is missing") from None
    now = time.time() if now is None else now
    if not timestamp.isdigit() or abs(now - int(timestamp)) > tolerance:
        raise NotGenuine("webhook-timestamp is too far from now")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not any([hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split(" ")]):
        raise NotGenuine("no signature fits")

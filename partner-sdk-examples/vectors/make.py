#!/usr/bin/env python3
"""Makes the vector files of this folder; `--check` only compares them with what is there.

It shares no code with the gateway or with the examples, so that agreeing with it means something.
Only the standard library and, for ed25519, the `openssl` command are used. Every input is fixed.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).parent
TAG = "xunyuan-v1"
CREATED = 1781000000
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# ---------------------------------------------------------------- keys


def base62(number: bytes, width: int) -> str:
    value, text = int.from_bytes(number, "big"), ""
    for _ in range(width):
        value, digit = divmod(value, 62)
        text = DIGITS[digit] + text
    assert value == 0
    return text


def with_checksum(prefix: str, random: bytes, width: int) -> str:
    text = prefix + base62(random, width)
    return text + base62(zlib.crc32(text.encode()).to_bytes(4, "big"), 6)


def key_id(mode: str, random: bytes) -> str:
    return with_checksum(f"xyk_{mode}_", random, 22)


def secret(random: bytes) -> str:
    return with_checksum("xys_", random, 43)


def pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{b64(der)}\n-----END {label}-----\n"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


HMAC_ID = key_id("test", bytes(range(16)))
HMAC_SECRET = secret(bytes(range(32)))
OTHER_ID = key_id("test", bytes(range(16, 32)))
LIVE_ID = key_id("live", bytes(16))
LIVE_SECRET = secret(bytes([255] * 32))
ED_ID = key_id("test", b"\xed" * 16)
# The key pair of RFC 9421 B.1.4, so that the file can be compared with other tools.
ED_SECRET_PEM = pem("PRIVATE KEY", base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"))
ED_PUBLIC_PEM = pem("PUBLIC KEY", base64.b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="))

KEYS = {
    HMAC_ID: {"algorithm": "hmac-sha256", "secret": HMAC_SECRET},
    LIVE_ID: {"algorithm": "hmac-sha256", "secret": LIVE_SECRET},
    ED_ID: {"algorithm": "ed25519", "secret": ED_SECRET_PEM, "public": ED_PUBLIC_PEM},
}


def key_formats() -> dict:
    good = []
    for mode in ("live", "test"):
        for random in (bytes(16), bytes(range(16)), bytes([255] * 16)):
            good.append({"kind": "key_id", "mode": mode, "random": random.hex(), "text": key_id(mode, random)})
    for random in (bytes(32), bytes(range(32)), bytes([255] * 32)):
        good.append({"kind": "secret", "random": random.hex(), "text": secret(random)})
    swapped = HMAC_ID[:20] + HMAC_ID[21] + HMAC_ID[20] + HMAC_ID[22:]
    assert swapped != HMAC_ID
    bad = [
        {"kind": "key_id", "text": swapped, "why": "checksum"},
        {"kind": "key_id", "text": HMAC_ID.replace("test", "live"), "why": "checksum"},
        {"kind": "key_id", "text": HMAC_ID[:-1], "why": "length"},
        {"kind": "key_id", "text": HMAC_ID[:-1] + "-", "why": "character"},
        {"kind": "key_id", "text": "xyk_prod_" + HMAC_ID[9:], "why": "prefix"},
        {"kind": "key_id", "text": HMAC_SECRET, "why": "secret instead of key id"},
        {"kind": "secret", "text": HMAC_SECRET[:-1] + ("0" if HMAC_SECRET[-1] != "0" else "1"), "why": "checksum"},
        {"kind": "secret", "text": HMAC_ID, "why": "prefix"},
    ]
    return {"about": "Key ids and secrets: base62 of the random bytes, then six digits of CRC-32 over all before.", "good": good, "bad": bad}


# ---------------------------------------------------------------- signing


def sign_bytes(key: str, data: bytes) -> bytes:
    record = KEYS[key]
    if record["algorithm"] == "hmac-sha256":
        return hmac.new(record["secret"].encode(), data, hashlib.sha256).digest()
    with tempfile.TemporaryDirectory() as folder:
        key_file, data_file = pathlib.Path(folder, "key.pem"), pathlib.Path(folder, "data")
        key_file.write_text(record["secret"])
        data_file.write_bytes(data)
        return subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key_file, "-in", data_file],
            check=True, capture_output=True,
        ).stdout


def digest(body: bytes, algorithms) -> str:
    known = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
    return ", ".join(f"{name}=:{b64(known[name](body).digest())}:" for name in algorithms)


def split_url(url: str):
    """Takes an absolute URL apart by hand: nothing is decoded, nothing is normalised but the authority."""
    scheme, rest = url.split("://", 1)
    cut = min((rest.index(mark) for mark in "/?" if mark in rest), default=len(rest))
    authority, target = rest[:cut].lower(), rest[cut:]
    default = {"https": ":443", "http": ":80"}[scheme.lower()]
    path, mark, query = target.partition("?")
    return scheme, authority.removesuffix(default), path or "/", query if mark else None


def value_of(name: str, method: str, url: str, headers) -> str:
    _, authority, path, query = split_url(url)
    derived = {"@method": method, "@authority": authority, "@path": path, "@query": "?" + (query or "")}
    if name in derived:
        return derived[name]
    (value,) = [value for field, value in headers if field.lower() == name]
    return value.strip()


def signed(method, url, headers, names, key, created=CREATED, nonce=None, params=None, label="sig"):
    """Returns signature base, Signature-Input and Signature."""
    if params is None:
        params = f';created={created};nonce="{nonce}";keyid="{key}";alg="{KEYS[key]["algorithm"]}";tag="{TAG}"'
    inner = "(" + " ".join(f'"{name}"' for name in names) + ")" + params
    lines = [f'"{name}": {value_of(name, method, url, headers)}' for name in names]
    base = "\n".join(lines + [f'"@signature-params": {inner}'])
    return base, f"{label}={inner}", f"{label}=:{b64(sign_bytes(key, base.encode()))}:"


def nonce_for(name: str) -> str:
    """A vector needs a nonce that never changes; real ones are random."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()[:16]).decode().rstrip("=")


ALWAYS = ["@method", "@authority", "@path", "@query"]


def request(name, method, url, body=None, headers=(), digests=("sha-256",), key=HMAC_ID, also=(), nonce=None):
    headers = [list(pair) for pair in headers]
    nonce = nonce or nonce_for(name)
    data = (body or "").encode()
    covered, content_digest = list(ALWAYS), None
    if data:
        content_digest = digest(data, digests)
        covered += ["content-digest", "content-type"]
    if any(field.lower() == "idempotency-key" for field, _ in headers):
        covered.append("idempotency-key")
    covered += also
    full = headers + ([["Content-Digest", content_digest]] if data else [])
    base, signature_input, signature = signed(method, url, full, covered, key, nonce=nonce)
    return {
        "name": name,
        "method": method,
        "url": url,
        "headers": headers,
        "body": body,
        "digests": list(digests) if data else [],
        "also_cover": list(also),
        "key_id": key,
        "created": CREATED,
        "nonce": nonce,
        "expect": {
            "content_digest": content_digest,
            "signature_base": base,
            "signature_input": signature_input,
            "signature": signature,
        },
    }


HOST = "https://gateway.example"
JSON = ("Content-Type", "application/json")
ORDER = '{"reference":"PO-2026-0001","quote_id":"quo_0001"}'


def requests() -> list:
    ed = {"key": ED_ID}
    return [
        request("search in Japanese, UTF-8 percent-encoded", "GET", HOST + "/v1/offers?q=%E6%A4%8D%E6%9C%A8%E9%89%A2&language=ja&currency=JPY"),
        request("a plus sign stays a plus sign", "GET", HOST + "/v1/offers?q=flower+pot"),
        request("a percent-encoded space stays one", "GET", HOST + "/v1/offers?q=flower%20pot"),
        request("hexadecimal digits keep their case", "GET", HOST + "/v1/offers?q=%e6%a4%8d%E6%9C%A8"),
        request("no query", "GET", HOST + "/v1/limits"),
        request("a bare question mark", "GET", HOST + "/v1/limits?"),
        request("repeated parameters keep their order", "GET", HOST + "/v1/offers?flag=b&flag=a&flag=b&q=pot"),
        request("parameters without a value", "GET", HOST + "/v1/offers?q=&cursor"),
        request("a question mark inside the query", "GET", HOST + "/v1/offers?q=why?&sort=sold"),
        request("an encoded slash in the path", "GET", HOST + "/v1/orders/by-reference/PO%2F2026%2F0001"),
        request("the root path", "GET", HOST + "/"),
        request("a port that is not the default one", "GET", "http://127.0.0.1:8080/v1/me"),
        request("the default port and capitals in the host", "GET", "https://Gateway.EXAMPLE:443/v1/me"),
        request("the default port of plain http", "GET", "http://gateway.example:80/v1/me"),
        request("a body with sha-256", "POST", HOST + "/v1/quotes", '{"lines":[{"sku_id":"sku_1","quantity":10}]}', [JSON]),
        request("a body with sha-512", "POST", HOST + "/v1/quotes", '{"lines":[{"sku_id":"sku_1","quantity":10}]}', [JSON], ["sha-512"]),
        request("a body with both digests", "POST", HOST + "/v1/quotes", '{"lines":[{"sku_id":"sku_1","quantity":10}]}', [JSON], ["sha-256", "sha-512"]),
        request("a body in UTF-8", "POST", HOST + "/v1/quotes", '{"note":"赤い植木鉢 – ½ ダース 🪴"}', [("Content-Type", "application/json; charset=utf-8")]),
        request("a body that is only a line feed", "POST", HOST + "/v1/quotes", "\n", [JSON]),
        request("an order with an idempotency key", "POST", HOST + "/v1/orders", ORDER, [JSON, ("Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324")]),
        request("an idempotency key in quotes", "POST", HOST + "/v1/orders", ORDER, [JSON, ("Idempotency-Key", '"8e03978e-40d5-43e8-bc93-6894a57f9324"')]),
        request("an idempotency key without a body", "POST", HOST + "/v1/orders/ord_1/cancel", None, [("Idempotency-Key", "cancel-ord-1-once")]),
        request("a method without a body", "DELETE", HOST + "/v1/follows/off_1"),
        request("a live key", "GET", HOST + "/v1/me", key=LIVE_ID),
        request("a hexadecimal nonce", "GET", HOST + "/v1/me", nonce="000102030405060708090a0b0c0d0e0f"),
        request("ed25519 without a body", "GET", HOST + "/v1/offers?q=%ED%99%94%EB%B6%84&language=ko", **ed),
        request("ed25519 with a body", "POST", HOST + "/v1/orders", ORDER, [JSON, ("Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324")], **ed),
        request("more than needed, a value in UTF-8", "GET", HOST + "/v1/me", headers=[("X-Note", "送料込み")], also=["x-note"]),
        request("more than needed, white space around the value", "GET", HOST + "/v1/me", headers=[("Date", "  Tue, 09 Jun 2026 10:13:20 GMT\t")], also=["date"]),
    ]


# ---------------------------------------------------------------- what must be refused


def refusals() -> list:
    made = []
    url = HOST + "/v1/orders?dry=1"
    full_names = ALWAYS + ["content-digest", "content-type", "idempotency-key"]

    def fields(body=ORDER):
        return [list(JSON), ["Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324"], ["Content-Digest", digest(body.encode(), ["sha-256"])]]

    def params(name, **changes):
        parts = {"created": str(CREATED), "nonce": f'"{nonce_for(name)}"', "keyid": f'"{HMAC_ID}"', "alg": '"hmac-sha256"', "tag": f'"{TAG}"'}
        parts.update(changes)
        return "".join(f";{key}={value}" for key, value in parts.items() if value is not None)

    def put(name, code, why, *, names=full_names, change=None, method="POST", sent_url=url, body=ORDER, sent_body=ORDER, now=CREATED + 5, **changes):
        headers = fields(body)
        _, signature_input, signature = signed("POST", url, headers, names, HMAC_ID, params=params(name, **changes))
        headers += [["Signature-Input", signature_input], ["Signature", signature]]
        if change:
            headers = change(headers)
        made.append({"name": name, "code": code, "why": why, "now": now, "method": method, "url": sent_url, "headers": headers, "body": sent_body})

    def without(name):
        return lambda headers: [pair for pair in headers if pair[0] != name]

    def rewrite(name, edit):
        return lambda headers: [[field, edit(value) if field == name else value] for field, value in headers]

    def extra(name, value):
        return lambda headers: headers + [[name, value]]

    def leave_out(name):
        return [covered for covered in full_names if covered != name]

    put("nothing wrong", None, "the request that the others are made from")

    missing = "signature_missing"
    put("no signature at all", missing, "neither header", change=lambda headers: headers[:3])
    put("another tag", missing, "the tag is somebody else's", tag='"other-v1"')
    put("no tag", missing, "there is no tag", tag=None)

    malformed = "signature_malformed"
    put("Signature-Input alone", malformed, "Signature is not there", change=without("Signature"))
    put("another label in Signature", malformed, "the labels do not meet", change=rewrite("Signature", lambda value: value.replace("sig=", "gis=")))
    put("not a structured field", malformed, "the list is not closed", change=rewrite("Signature-Input", lambda value: value.replace(")", "", 1)))
    put("bytes without colons", malformed, "Signature is a string", change=rewrite("Signature", lambda value: value.replace("=:", '="', 1)[:-1] + '"'))
    put("two signatures for us", malformed, "one tag twice", change=lambda headers: [[f, v + ", " + v.replace("sig=", "two=") if f.startswith("Signature") else v] for f, v in headers])
    put("a label twice", malformed, "one label twice", change=rewrite("Signature", lambda value: value + ", " + value))
    put("no created", malformed, "created is required", created=None)
    put("no nonce", malformed, "nonce is required", nonce=None)
    put("no keyid", malformed, "keyid is required", keyid=None)
    put("created in quotes", malformed, "created must be an integer", created=f'"{CREATED}"')
    put("keyid as a token", malformed, "keyid must be a string", keyid="abc")
    put("a nonce that is too short", malformed, "less than 128 bits", nonce='"MTIzNDU2Nzg5MDEyMzQ1"')
    put("an unknown parameter", malformed, "context is not known", context='"a"')
    put("an unknown algorithm", malformed, "rsa-pss-sha512 is not spoken here", alg='"rsa-pss-sha512"')
    put("a component twice", malformed, "@path is covered twice", change=rewrite("Signature-Input", lambda value: value.replace('"@path"', '"@path" "@path"')))
    for parameter in ("bs", "sf", "req", "tr", 'key="a"'):
        put(f"a component with ;{parameter}", malformed, "component parameters are not supported",
            change=rewrite("Signature-Input", lambda value, parameter=parameter: value.replace('"content-type"', f'"content-type";{parameter}')))
    put("a field name in capitals", malformed, "component names are in lower case", change=rewrite("Signature-Input", lambda value: value.replace('"content-type"', '"Content-Type"')))
    put("@status in a request", malformed, "requests have no status", change=rewrite("Signature-Input", lambda value: value.replace('"@path"', '"@path" "@status"')))
    put("a covered header sent twice", malformed, "which one was signed cannot be told", change=extra("Idempotency-Key", "another-one-123"))
    put("a covered header not sent", malformed, "content-type is covered but absent", change=without("Content-Type"))
    put("more than 8 KiB of headers", malformed, "the label is very long", change=rewrite("Signature-Input", lambda value: value + ", " + "x" * 8192 + "=()"))

    insufficient = "coverage_insufficient"
    for name in full_names:
        put(f"{name} not covered", insufficient, f"{name} must be covered here", names=leave_out(name))
    put("nothing covered", insufficient, "an empty list", names=[])

    put("signed too long ago", "clock_skew", "an order write counts for 120 s", now=CREATED + 121)
    put("signed in the future", "clock_skew", "30 s ahead is the most", now=CREATED - 31)
    put("a key nobody knows", "unknown_key", "well-formed, never issued", keyid=f'"{OTHER_ID}"')
    put("a key id with a typing mistake", "unknown_key", "its checksum does not fit", keyid=f'"{HMAC_ID[:-1]}{"0" if HMAC_ID[-1] != "0" else "1"}"')

    mismatch = "signature_mismatch"
    put("another method", mismatch, "PUT was sent, POST was signed", method="PUT")
    put("another host", mismatch, "the authority was signed", sent_url=url.replace("gateway.example", "gateway2.example"))
    put("another path", mismatch, "the path was signed", sent_url=url.replace("/v1/orders", "/v1/quotes"))
    put("another query", mismatch, "the query was signed", sent_url=url.replace("dry=1", "dry=0"))
    put("a query decoded on the way", mismatch, "%31 is not 1", sent_url=url.replace("dry=1", "dry=%31"))
    put("a query cut off on the way", mismatch, "no query was sent", sent_url=url.replace("?dry=1", ""))
    put("another idempotency key", mismatch, "the key was signed", change=rewrite("Idempotency-Key", lambda value: value[:-1] + "5"))
    put("another content type", mismatch, "the content type was signed", change=rewrite("Content-Type", lambda value: "text/plain"))
    put("another digest", mismatch, "the digest was signed", sent_body="{}", change=rewrite("Content-Digest", lambda value: digest(b"{}", ["sha-256"])))
    put("created moved", mismatch, "the parameters are signed too", change=rewrite("Signature-Input", lambda value: value.replace(str(CREATED), str(CREATED + 1))))
    put("parameters in another order", mismatch, "the list counts byte for byte", change=rewrite("Signature-Input", lambda value: value.replace(f';tag="{TAG}"', "") .replace(")", f');tag="{TAG}"', 1)))
    put("one digit of the signature", mismatch, "a digit differs", change=rewrite("Signature", lambda value: value[:10] + ("B" if value[10] == "A" else "A") + value[11:]))
    put("half a signature", mismatch, "16 bytes are not 32", change=rewrite("Signature", lambda value: "sig=:" + b64(base64.b64decode(value[5:-1])[:16]) + ":"))

    wrong_digest = "digest_mismatch"
    put("another body", wrong_digest, "one space more", sent_body=ORDER.replace(":", ": ", 1))
    put("a body cut short", wrong_digest, "the last byte is gone", sent_body=ORDER[:-1])

    def with_digest(name, value, why):
        headers = fields()
        headers[2][1] = value
        _, signature_input, signature = signed("POST", url, headers, full_names, HMAC_ID, params=params(name))
        headers += [["Signature-Input", signature_input], ["Signature", signature]]
        made.append({"name": name, "code": wrong_digest, "why": why, "now": CREATED + 5, "method": "POST", "url": url, "headers": headers, "body": ORDER})

    with_digest("a digest of another kind only", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", "md5 is not accepted")
    with_digest("one of two digests wrong", digest(ORDER.encode(), ["sha-256"]) + ", " + digest(b"{}", ["sha-512"]), "all known ones must fit")
    with_digest("a digest in hexadecimal", "sha-256=" + hashlib.sha256(ORDER.encode()).hexdigest(), "it must be base64 between colons")
    return made


# ---------------------------------------------------------------- webhooks (Standard Webhooks 1.0)


def webhooks() -> list:
    made = []
    raw, old = bytes(range(64, 96)), bytes(range(32, 64))
    whsec = "whsec_" + b64(raw)
    body = '{"type":"order.paid","timestamp":"2026-06-09T10:13:20Z","data":{"order_id":"ord_1","reference":"PO-2026-0001","state":"paid","note":"注文"}}'

    def v1(key, message_id, timestamp, text):
        return "v1," + b64(hmac.new(key, f"{message_id}.{timestamp}.{text}".encode(), hashlib.sha256).digest())

    def put(name, accepted, *, secret=whsec, key=raw, message_id="evt_0001", timestamp=CREATED, text=body, sent=None, signature=None, now=CREATED + 3):
        signature = signature or v1(key, message_id, timestamp, text)
        made.append({"name": name, "accepted": accepted, "secret": secret, "now": now, "headers": {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}, "body": sent or text})

    put("a delivery", True)
    put("the example of the Standard Webhooks libraries", True, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", key=base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, text='{"test": 2432232314}', now=1614265330)
    assert made[-1]["headers"]["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    put("two signatures during a rotation", True, signature=v1(old, "evt_0001", CREATED, body) + " " + v1(raw, "evt_0001", CREATED, body))
    put("a version that is not known beside ours", True, signature="v9,AAAA " + v1(raw, "evt_0001", CREATED, body))
    put("another secret", False, key=old)
    put("another body", False, sent=body.replace("paid", "void"))
    put("another id", False, signature=v1(raw, "evt_0002", CREATED, body))
    put("too old", False, now=CREATED + 301)
    put("from the future", False, now=CREATED - 301)
    put("only a version that is not known", False, signature=v1(raw, "evt_0001", CREATED, body).replace("v1,", "v1a,"))
    put("no base64", False, signature="v1,%%%")
    return made


# ---------------------------------------------------------------- files


def lines_for_shells(made: list) -> str:
    """The positive requests as one line each, every field in base64, `-` for none: a shell needs no JSON reader."""
    def cell(text):
        return b64(text.encode()) if text else "-"

    rows = ["# name method url content-type idempotency-key digests body algorithm secret key_id created nonce base signature-input signature (each base64, - for none)"]
    for item in made:
        if item["also_cover"]:
            continue
        fields = {name.lower(): value for name, value in item["headers"]}
        record, expect = KEYS[item["key_id"]], item["expect"]
        rows.append(" ".join(map(cell, [
            item["name"], item["method"], item["url"], fields.get("content-type"), fields.get("idempotency-key"),
            " ".join(item["digests"]), item["body"], record["algorithm"], record["secret"], item["key_id"],
            str(item["created"]), item["nonce"], expect["signature_base"], expect["signature_input"], expect["signature"],
        ])))
    return "\n".join(rows) + "\n"


def webhook_lines_for_shells(made: list) -> str:
    rows = ["# name accepted secret now webhook-id webhook-timestamp webhook-signature body (each base64)"]
    for item in made:
        headers = item["headers"]
        cells = [item["name"], str(item["accepted"]).lower(), item["secret"], str(item["now"]), headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], item["body"]]
        rows.append(" ".join(b64(text.encode()) for text in cells))
    return "\n".join(rows) + "\n"


def files() -> dict:
    def dump(value):
        return json.dumps(value, ensure_ascii=False, indent=1) + "\n"

    signatures, hooks = requests(), webhooks()
    return {
        "signatures.json": dump({"about": "Requests and the exact signature each must get. Keys here are public: never use them.", "tag": TAG, "keys": KEYS, "requests": signatures}),
        "refusals.json": dump({"about": "Signed requests and the code a gateway must answer; null means accepted. Time is `now`.", "keys": KEYS, "requests": refusals()}),
        "webhooks.json": dump({"about": "Webhook deliveries (Standard Webhooks 1.0), to accept or to refuse at `now` with a tolerance of 300 s.", "deliveries": hooks}),
        "key-formats.json": dump(key_formats()),
        "signatures.lines": lines_for_shells(signatures),
        "webhooks.lines": webhook_lines_for_shells(hooks),
    }


def shown_in_readme() -> bool:
    """The worked example people read is one of the vectors; see that it still is."""
    (example,) = [item for item in requests() if item["name"] == "an order with an idempotency key"]
    page = (HERE.parent / "README.md").read_text(encoding="utf-8")
    return all(part in page for part in [HMAC_SECRET, example["body"], *example["expect"].values()])


def main() -> int:
    stale = [] if shown_in_readme() else ["../README.md (its worked example)"]
    for name, text in files().items():
        path = HERE / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print("does not agree with make.py:", ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

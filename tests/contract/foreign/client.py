"""Signs with PyPI's http-message-signatures, which shares no code with the gateway or the example clients.

A read with a query and a write with a body are accepted; the same, altered after signing or sent again, are refused.
"""

import json
import os
import secrets
import sys

import requests
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

URL = os.environ["XUNYUAN_URL"].rstrip("/")
KEY_ID = os.environ["XUNYUAN_KEY_ID"]
SECRET = os.environ["XUNYUAN_SECRET"].encode()

ALWAYS = ("@method", "@authority", "@path", "@query")
SIGNER = HTTPMessageSigner(
    signature_algorithm=algorithms.HMAC_SHA256,
    key_resolver=MappingKeyResolver(public_keys={}, private_keys={KEY_ID: SECRET}),
)


def signed(method, target, document=None):
    """A prepared request, its signature in place."""
    body = None if document is None else json.dumps(document).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = requests.Request(method, URL + target, headers=headers, data=body).prepare()
    # Given a body, the library adds Content-Digest and covers it.
    SIGNER.sign(
        request,
        key_id=KEY_ID,
        nonce=secrets.token_urlsafe(24),
        label="sig",
        tag="xunyuan-v1",
        covered_component_ids=ALWAYS if body is None else (*ALWAYS, "content-type"),
        body=body,
    )
    return request


def send(claim, request, status, code=None):
    """Sends the request and insists on the answer; returns its document."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.send(request, timeout=30)
    document = answer.json()
    if answer.status_code != status or (code and document.get("code") != code):
        sys.exit(f"python: {claim}: expected {status} {code or ''}, got {answer.status_code}\n{answer.text}")
    print(f"python: {claim}: {status} {code or ''}".rstrip())
    return document


def main():
    search = signed("GET", "/v1/offers?q=%E8%8A%B1+pot&limit=3&currency=JPY&language=ja")
    send("a search is accepted", search, 200)
    send("the same search again is refused", search, 401, "replayed")

    altered = signed("GET", "/v1/offers?limit=3")
    altered.url = altered.url.replace("limit=3", "limit=4")
    send("a search altered after signing is refused", altered, 401, "signature_mismatch")

    offers = send("a listing is accepted", signed("GET", "/v1/offers?limit=1"), 200)
    offer_id = offers["items"][0]["id"]
    offer = send("an offer is accepted", signed("GET", f"/v1/offers/{offer_id}"), 200)
    step = offer["order_multiple"] or 1
    sku = max(offer["skus"], key=lambda sku: sku["stock"])
    lines = [{"sku_id": sku["id"], "quantity": -(-offer["minimum_order"] // step) * step}]
    send("a quote is accepted", signed("POST", "/v1/quotes", {"lines": lines}), 201)

    altered = signed("POST", "/v1/quotes", {"lines": lines})
    altered.prepare_body(altered.body.replace(b"\"quantity\": ", b"\"quantity\":1"), None)
    send("a quote altered after signing is refused", altered, 401, "digest_mismatch")


main()

#!/usr/bin/env python3
"""Commands around the client: walk, vectors, verify, sign, call. `walk.py` alone lists them."""

import json
import math
import os
import pathlib
import secrets
import sys
import time

from xunyuan import Client, NotGenuine, Problem, Signer, verify_webhook

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"


def setting(name):
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set. Needed: XUNYUAN_URL, XUNYUAN_KEY_ID, XUNYUAN_SECRET.")
    return value


def client():
    return Client(setting("XUNYUAN_URL"), setting("XUNYUAN_KEY_ID"), setting("XUNYUAN_SECRET"))


class Steps:
    """Prints one line a step, with its time."""

    def __init__(self):
        self.number, self.started = 0, time.monotonic()

    def done(self, name, text):
        now = time.monotonic()
        self.number += 1
        print(f"{self.number} {name:<14} {(now - self.started) * 1000:6.0f} ms  {text}", flush=True)
        self.started = now


def expect(condition, sentence):
    if not condition:
        raise SystemExit(f"FAILED: {sentence}")


def enough(offer):
    """The smallest quantity that may be ordered: the minimum order, rounded up to the multiple."""
    multiple = offer.get("order_multiple") or 1
    return math.ceil(offer["minimum_order"] / multiple) * multiple


def quote_first_possible(api, steps, items):
    """Opens offers in turn until one can be quoted: stock moves."""
    for number, item in enumerate(items):
        offer = api.offer(item["id"], language="ja", currency="JPY").json()
        if number == 0:
            steps.done("offer", f"{offer['id']}: {offer['title']}, from {offer['price']['from']['amount']} JPY")
        quantity = enough(offer)
        for sku in offer["skus"]:
            if sku["stock"] < quantity:
                continue
            try:
                answer = api.quote([{"sku_id": sku["id"], "quantity": quantity}], currency="JPY").json()
            except Problem as problem:
                if problem.code != "nothing_to_quote":
                    raise
                continue
            if answer["quotes"]:
                quote = answer["quotes"][0]
                steps.done("quote", f"{quote['id']}: {quantity} of {sku['id']}, total {quote['total']['amount']} {quote['total']['currency']}, until {quote['expires_at']}")
                return quote
    raise SystemExit("FAILED: none of the offers found can be quoted")


def walk(_):
    """search → offer → quote → order → the same order again → look it up"""
    api, steps = client(), Steps()
    words = os.environ.get("XUNYUAN_WORDS", "植木鉢")
    found = api.search(words, language="ja", currency="JPY").json()
    expect(found["items"], f"nothing found for {words}")
    steps.done("search", f"{words}: {len(found['items'])} offers on the first page, {found.get('total', '?')} in all")
    quote = quote_first_possible(api, steps, found["items"])
    reference = f"PO-{time.strftime('%Y%m%d')}-{secrets.token_hex(4)}"
    key = secrets.token_urlsafe(24)
    first = api.order(reference, quote["id"], key)
    order = first.json()
    steps.done("order", f"{first.status} {order['id']} as {reference}: {order['state']}")
    again = api.order(reference, quote["id"], key)
    expect(again.body == first.body, "the repeated order was answered with other bytes")
    expect(again.headers.get("idempotency-replayed") == "true", "Idempotency-Replayed: true is missing")
    steps.done("order again", "the same bytes, Idempotency-Replayed: true")
    looked_up = api.order_by_reference(reference).json()
    expect(looked_up["id"] == order["id"], "another order was found under the reference")
    steps.done("by reference", f"{looked_up['id']}: {looked_up['state']}")


def vectors(_):
    """checks this client against ../vectors"""
    document = json.loads((VECTORS / "signatures.json").read_text(encoding="utf-8"))
    wrong = []
    for vector in document["requests"]:
        signer = Signer(vector["key_id"], document["keys"][vector["key_id"]]["secret"])
        added, base = signer.sign(
            vector["method"], vector["url"], vector["headers"], (vector["body"] or "").encode(),
            vector["also_cover"], vector["digests"] or ["sha-256"], vector["created"], vector["nonce"],
        )
        made = {
            "content_digest": added.get("Content-Digest"),
            "signature_base": base,
            "signature_input": added["Signature-Input"],
            "signature": added["Signature"],
        }
        wrong += [f"{vector['name']}: {name} is {made[name]!r}" for name, value in vector["expect"].items() if made[name] != value]
    deliveries = json.loads((VECTORS / "webhooks.json").read_text(encoding="utf-8"))["deliveries"]
    for delivery in deliveries:
        try:
            verify_webhook(delivery["secret"], delivery["headers"], delivery["body"].encode(), delivery["now"])
            accepted = True
        except NotGenuine:
            accepted = False
        if accepted != delivery["accepted"]:
            wrong.append(f"webhook {delivery['name']}: {'accepted' if accepted else 'refused'}")
    for line in wrong:
        print("WRONG", line)
    print(f"python: {len(document['requests'])} signatures and {len(deliveries)} webhooks, {len(wrong)} wrong")
    return 1 if wrong else 0


def verify(arguments):
    """ID TIMESTAMP SIGNATURE < body: is this webhook genuine? (secret in XUNYUAN_WEBHOOK_SECRET)"""
    headers = dict(zip(("webhook-id", "webhook-timestamp", "webhook-signature"), arguments))
    try:
        verify_webhook(setting("XUNYUAN_WEBHOOK_SECRET"), headers, sys.stdin.buffer.read())
    except NotGenuine as reason:
        print(f"not genuine: {reason}")
        return 1
    print("genuine")
    return 0


def sign(arguments):
    """METHOD URL [BODY] [IDEMPOTENCY-KEY]: prints the headers to send, and the signature base on stderr"""
    method, url, body, key, *_ = [*arguments, "", ""]
    headers = [("Content-Type", "application/json")] if body else []
    headers += [("Idempotency-Key", key)] if key else []
    added, base = Signer(setting("XUNYUAN_KEY_ID"), setting("XUNYUAN_SECRET")).sign(method, url, headers, body.encode())
    for name, value in [*headers, *added.items()]:
        print(f"{name}: {value}")
    print(base, file=sys.stderr)


def call(arguments):
    """METHOD PATH [BODY] [IDEMPOTENCY-KEY]: signs, sends, prints the answer"""
    method, path, body, key, *_ = [*arguments, "", ""]
    answer = client().call(method, path, body=json.loads(body) if body else None, idempotency_key=key or None)
    sys.stdout.buffer.write(answer.body + b"\n")


def search(arguments):
    """WORDS: the first page in Japanese and JPY"""
    for item in client().search(" ".join(arguments), language="ja", currency="JPY").json()["items"]:
        print(item["id"], item["price"]["from"]["amount"], item["title"], sep="\t")


# Name, function, and how many arguments it needs at least.
COMMANDS = {"walk": (walk, 0), "vectors": (vectors, 0), "verify": (verify, 3), "sign": (sign, 2), "call": (call, 2), "search": (search, 1)}


def main(arguments):
    name = arguments[0] if arguments else ""
    command, needed = COMMANDS.get(name, (None, 0))
    if command is None or len(arguments) - 1 < needed:
        print("usage: walk.py COMMAND\n" + "\n".join(f"  {name} {command.__doc__}" for name, (command, _) in COMMANDS.items()))
        return 2
    try:
        return command(arguments[1:]) or 0
    except Problem as problem:
        print(f"FAILED: {problem}", file=sys.stderr)
    except OSError as error:
        print(f"FAILED: {setting('XUNYUAN_URL')} cannot be reached: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

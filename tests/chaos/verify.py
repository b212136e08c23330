"""Verifies recorded deliveries with the official library of Standard Webhooks from PyPI.

usage: verify.py ENDPOINTS DELIVERIES   (JSON: path → secret; JSON lines)
Prints a JSON object {"verified", "refused": [[endpoint, id, why]], "forged"}; the clock is set to each arrival.
"""

import json
import sys
from datetime import datetime, timezone

import standardwebhooks.webhooks as official
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

now = datetime.now(timezone.utc)


class Arrival(datetime):
    """The moment a delivery came, as the library's "now"."""

    @classmethod
    def now(cls, tz=None):
        return now


official.datetime = Arrival


def main(endpoints, deliveries):
    global now
    with open(endpoints, encoding="utf-8") as file:
        webhooks = {path: Webhook(secret) for path, secret in json.load(file).items()}
    verified, refused, forged = 0, [], 0
    with open(deliveries, encoding="utf-8") as file:
        for line in file:
            delivery = json.loads(line)
            now = datetime.fromtimestamp(delivery["at_ms"] / 1000, timezone.utc)
            headers, webhook = dict(delivery["headers"]), webhooks.get(delivery["endpoint"])
            try:
                if webhook is None:
                    raise WebhookVerificationError("nobody asked for deliveries to this path")
                webhook.verify(delivery["body"], headers)
                verified += 1
            except Exception as error:  # whatever the library objects to
                refused.append([delivery["endpoint"], headers.get("webhook-id", ""), f"{type(error).__name__}: {error}"])
                continue
            try:
                webhook.verify(delivery["body"] + " ", headers)
                forged += 1
            except WebhookVerificationError:
                pass
    print(json.dumps({"verified": verified, "refused": refused, "forged": forged}))


main(*sys.argv[1:])

"""Receives a delivery and verifies it with PyPI's standardwebhooks; the same, altered, is refused.

Then hands it to npm's library through the environment, so that both judge the very same bytes: before and during a
rotation of the secret.
"""

import base64
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../partner-sdk-examples/python"))
from standardwebhooks import Webhook, WebhookVerificationError  # noqa: E402
from xunyuan import Client  # noqa: E402

HEARD = queue.Queue()
OTHER = os.path.join(os.path.dirname(__file__), "webhook.cjs")
FIELDS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        HEARD.put(({name: self.headers[name] for name in FIELDS}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def verify(claim, secret, headers, body):
    """Genuine for both libraries, and no more once a byte is another."""
    event = Webhook(secret).verify(body, headers)
    for altered_body, altered in ((body + b" ", headers), (body, {**headers, "webhook-id": "evt_other"})):
        try:
            Webhook(secret).verify(altered_body, altered)
        except WebhookVerificationError:
            continue
        sys.exit(f"python: {claim}: an altered delivery was accepted")
    print(f"python: {claim}: genuine, altered refused")
    given = {"claim": claim, "secret": secret, "headers": headers, "body": base64.b64encode(body).decode()}
    subprocess.run(["node", OTHER], input=json.dumps(given).encode(), check=True)
    return event


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api = Client(*(os.environ[name] for name in ("XUNYUAN_URL", "XUNYUAN_KEY_ID", "XUNYUAN_SECRET")))
    url = f"http://127.0.0.1:{server.server_port}/"
    made = api.call("POST", "/v1/webhook-endpoints", body={"url": url, "types": ["*"]}).json()
    path = f"/v1/webhook-endpoints/{made['id']}"
    try:
        api.call("POST", path + "/test")
        headers, body = HEARD.get(timeout=15)
        event = verify("a delivery", made["secret"], headers, body)
        if event["type"] != "webhook.test" or set(event) != {"type", "timestamp", "data"}:
            sys.exit(f"python: not what was asked for: {event}")
        renewed = api.call("POST", path + "/rotate-secret").json()
        api.call("POST", path + "/test")
        headers, body = HEARD.get(timeout=15)
        verify("during a rotation, by the old secret", made["secret"], headers, body)
        verify("during a rotation, by the new secret", renewed["secret"], headers, body)
    finally:
        api.call("DELETE", path)


main()

#!/usr/bin/env python3
"""A receiver of webhooks: checks each delivery over its raw bytes, remembers its id, answers 204.

    XUNYUAN_WEBHOOK_SECRET=whsec_… webhook.py 9000    listens at http://127.0.0.1:9000/
    webhook.py try                                    makes an endpoint for itself, has a test sent, deletes it again
                                                      (the gateway must allow 127.0.0.0/8, as the demo does)
"""

import http.server
import json
import os
import queue
import sys
import threading

from xunyuan import Client, NotGenuine, verify_webhook


class Receiver(http.server.BaseHTTPRequestHandler):
    secret = os.environ.get("XUNYUAN_WEBHOOK_SECRET", "")
    seen = set()  # yours belongs into a database, beside what you do because of the event
    events = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            verify_webhook(self.secret, self.headers, body)
        except NotGenuine as why:
            return self.answer(401, str(why))
        if self.headers["webhook-id"] not in self.seen:
            self.seen.add(self.headers["webhook-id"])
            self.events.put(json.loads(body))  # answer soon, work later
        self.answer(204, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def listen(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def attempt():
    api = Client(*(os.environ[name] for name in ("XUNYUAN_URL", "XUNYUAN_KEY_ID", "XUNYUAN_SECRET")))
    made = api.call("POST", "/v1/webhook-endpoints", body={"url": listen(0), "types": ["*"]}).json()
    path = f"/v1/webhook-endpoints/{made['id']}"
    Receiver.secret = made["secret"]
    try:
        api.call("POST", path + "/test")
        event = Receiver.events.get(timeout=10)
        if event["type"] != "webhook.test" or event["data"]["endpoint_id"] != made["id"]:
            raise SystemExit(f"FAILED: not the test that was asked for: {event}")
        print(f"python: {event['type']} arrived and is genuine")
    except queue.Empty:
        raise SystemExit(f"FAILED: no genuine delivery within 10 s: {api.call('GET', path + '/deliveries').json()}") from None
    finally:
        api.call("DELETE", path)


if __name__ == "__main__":
    if sys.argv[1:] == ["try"]:
        attempt()
    elif len(sys.argv) == 2 and Receiver.secret:
        print(f"listening at {listen(int(sys.argv[1]))}", flush=True)
        while True:
            print(json.dumps(Receiver.events.get(), ensure_ascii=False), flush=True)
    else:
        raise SystemExit(__doc__)

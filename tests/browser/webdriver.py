"""A browser under control: chromedriver's WebDriver protocol over plain HTTP, standard library only."""
import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One headless Chromium. Everything but the given origins is unreachable for it, and attempts are kept."""

    def __init__(self, origin_host):
        driver = shutil.which("chromedriver")
        if not driver:
            raise SystemExit("chromedriver is missing: apt-get install -y chromium chromium-driver")
        self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
        self.base = f"http://127.0.0.1:{self._port()}"
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update",
                     f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {origin_host}"],
        }
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"

    def _port(self):
        for line in self.process.stdout:
            if "started successfully on port" in line:
                return int(line.rsplit("port", 1)[1].strip(" .\n"))
        raise SystemExit("chromedriver did not start")

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise AssertionError(json.load(refused)["value"]["message"]) from None

    def _do(self, method, path, body=None):
        return self._call(method, self.session + path, body)

    def open(self, address):
        """Goes to an address and waits until it is loaded."""
        self._do("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """Runs a script in the page and gives what it returns; promises are waited for."""
        return self._do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        """Sends a DevTools command: window size, colours, media."""
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def type(self, selector, text):
        """Types into the first element that fits."""
        found = self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        self._do("POST", f"/element/{found}/clear", {})
        self._do("POST", f"/element/{found}/value", {"text": text})

    def press(self, key):
        """Presses one key for whatever has the focus."""
        actions = [{"type": "key", "id": "keys", "actions": [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]
        self._do("POST", "/actions", {"actions": actions})

    def click(self, selector):
        """Clicks the first element that fits, like a person: it must be visible and not covered."""
        found = self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", {ELEMENT: found})
        self._do("POST", f"/element/{found}/click", {})

    def until(self, script, what, seconds=15):
        """Asks the page until the script gives something true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.run(script)
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {what}")

    def window(self, width, height, dark=False, phone=False):
        """Sets the size of the page and its colours; nothing moves, so that what is clicked stays where it was."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = "dark" if dark else "light"
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                                {"name": "prefers-reduced-motion", "value": "reduce"}])

    def picture(self, path):
        """Saves what is to be seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    def requests(self):
        """The addresses the pages asked for since the last call."""
        events = (json.loads(entry["message"])["message"] for entry in self._do("POST", "/se/log", {"type": "performance"}))
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """What the console complained about since the last call."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

    def close(self):
        """Ends browser and driver."""
        try:
            self._do("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()

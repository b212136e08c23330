"""Holds Dockerfile, compose file and systemd unit against each other and against the default settings.

An engine to run them is not needed: what goes wrong in such files is a name that nobody reads, a port that nobody
listens on, a secret that came along, and a stop that is cut short. Last, the program itself reads the settings that
compose and systemd would give it.

usage: deploy.py PROGRAM
"""

import base64
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
complaints = []


def insist(holds, complaint):
    if not holds:
        complaints.append(complaint)


def flat(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


SETTINGS = dict(flat(tomllib.loads((DEPLOY / "xunyuan.toml").read_text())))
NAME = re.compile(r"XUNYUAN__[A-Z0-9_]+")
LONGEST_STOP_S = SETTINGS["server.drain_s"] + SETTINGS["server.shutdown_s"]


def every_setting_named_exists():
    for file in sorted(path for path in DEPLOY.rglob("*") if path.is_file()):
        for name in NAME.findall(file.read_text()):
            key = name.removeprefix("XUNYUAN__").replace("__", ".").lower()
            if key != "section.key":
                insist(key in SETTINGS, f"{file.name}: {name} is no setting of xunyuan.toml")


def dockerfile():
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    steps = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    last = {word: rest for word, rest in steps}
    images = [rest.split()[0] for word, rest in steps if word == "FROM"]
    insist(len(images) > 1, "Dockerfile: one stage only; the compiler would be shipped")
    for image in images:
        insist(":" in image and not image.endswith(":latest"), f"Dockerfile: {image} has no version")
    rust = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["rust-version"]
    insist(images[0].startswith(f"rust:{rust}-"), f"Dockerfile: builds with {images[0]}, Cargo.toml asks for {rust}")
    insist(last.get("USER", "0").split(":")[0] not in ("0", "root"), "Dockerfile: runs as root")
    insist("HEALTHCHECK" in last, "Dockerfile: no HEALTHCHECK")
    exposed = set(last.get("EXPOSE", "").split())
    bound = set(re.findall(r"__BIND=[\d.]+:(\d+)", text))
    insist(exposed == bound, f"Dockerfile: exposes {exposed}, binds {bound}")
    return exposed


def compose(exposed):
    text = (DEPLOY / "compose.yaml").read_text()
    document = yaml.safe_load(text)
    services, volumes = document["services"], document["volumes"]
    for name, service in services.items():
        own = "build" in service
        insist(own or re.search(r":\d", service["image"]), f"compose: {name}: {service['image']} has no version")
        insist("healthcheck" in service or name == "gateway", f"compose: {name} has no healthcheck")
        insist(not own or service.get("cap_drop") == ["ALL"], f"compose: {name} keeps capabilities")
        for other in service.get("depends_on", {}):
            insist(other in services, f"compose: {name} waits for {other}, which is not there")
        for mount in service.get("volumes", []):
            insist(mount.split(":")[0] in volumes, f"compose: {name} mounts {mount}, which is no volume")
        for secret in service.get("secrets", []):
            insist(secret in document["secrets"], f"compose: {name} reads the secret {secret}, which is not there")
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET|AUTH", key) and not key.endswith("_FILE"):
                insist(re.match(r"\$\{\w+:\?.+\}$", str(value)), f"compose: {name}: {key} is written in the file")
    # A password in an address, too, must be asked for.
    for password in re.findall(r"://\w*:([^@\s]+)@", text):
        insist(password.startswith("${") and ":?" in password, f"compose: the password {password} is written in the file")
    gateway = services["gateway"]
    published = {port.rsplit(":", 1)[1] for port in gateway["ports"]}
    insist(published == exposed, f"compose: publishes {published}, the image exposes {exposed}")
    grace = int(gateway["stop_grace_period"].removesuffix("s"))
    insist(grace > LONGEST_STOP_S, f"compose: {grace} s to stop; running requests may need {LONGEST_STOP_S}")


def unit():
    lines = (DEPLOY / "xunyuan.service").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    values = {key: value for key, value in pairs}
    credentials = {value.split(":")[0] for key, value in pairs if key == "LoadCredential"}
    used = {value.rsplit("%d/", 1)[1] for key, value in pairs if key == "Environment" and "%d/" in value}
    insist(credentials == used, f"unit: loads the credentials {credentials}, uses {used}")
    insist(int(values["TimeoutStopSec"]) > LONGEST_STOP_S, f"unit: running requests may need {LONGEST_STOP_S} s to end")
    insist(values["User"] not in ("", "root"), "unit: runs as root")


# What an operator would answer to the compose file's questions.
ANSWERS = {"XUNYUAN_PUBLIC_NAMES": '["gateway.example"]', "XUNYUAN_LIVE_URL": "https://wholesale.example"}


def composed():
    """The gateway's environment as compose makes it."""
    environment = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["gateway"]["environment"]
    question = re.compile(r"\$\{(\w+):(\?|-)([^}]*)\}")

    def answer(found):
        name, kind, rest = found.groups()
        return rest if kind == "-" else ANSWERS.get(name, "abc123")

    return {key: question.sub(answer, value) for key, value in environment.items()}


def of_unit():
    """The gateway's environment as systemd makes it."""
    lines = (DEPLOY / "xunyuan.service").read_text().splitlines()
    return dict(line.removeprefix("Environment=").split("=", 1) for line in lines if line.startswith("Environment="))


def program_reads(name, environment, program):
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(base64.b64encode(bytes(32)).decode())
        given = {key: str(secret) if key.endswith("_FILE") else value for key, value in environment.items()}
        given["PATH"] = os.environ["PATH"]
        done = subprocess.run([program, "serve", "--check"], env=given, capture_output=True, text=True, check=False)
        insist(done.returncode == 0, f"{name}: the program refuses these settings:\n{done.stderr}")


every_setting_named_exists()
compose(dockerfile())
unit()
program_reads("compose", composed(), sys.argv[1])
program_reads("unit", of_unit(), sys.argv[1])
for complaint in complaints:
    print(complaint)
sys.exit(1 if complaints else 0)

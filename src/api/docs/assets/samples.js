// Writes ready-to-run samples of one request: command line, Python and Node, none needing a library.
// Pure text; `tests/browser` runs what comes out of here.

const LANGUAGES = [
  { key: "curl", name: "curl", language: "shell", write: curl },
  { key: "python", name: "Python", language: "python", write: python },
  { key: "node", name: "Node", language: "javascript", write: node },
];

/** All languages: {key, name, language, text}. `request`: {method, origin, target, headers, body: string or null}. */
export function samples(request) {
  return LANGUAGES.map(({ write, ...language }) => ({ ...language, text: write(request) }));
}

/** Single quotes for a POSIX shell. */
function shell(text) {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

function curl({ method, origin, target, headers, body, signed }) {
  const url = shell(origin + target);
  if (!signed) return `curl --fail-with-body --output picture.png ${url}`;
  const lines = [`xunyuan sign ${method} ${url}`];
  for (const [name, value] of Object.entries(headers)) {
    const option = name.toLowerCase() === "idempotency-key" ? `--idempotency-key ${shell(value)}` : `--header ${shell(`${name}: ${value}`)}`;
    lines.push(`  ${option}`);
  }
  if (body) lines.push(`  --data ${shell(body)}`);
  return `# XUNYUAN_KEY_FILE names the file of your key\n${lines.join(" \\\n")} \\\n  | curl --fail-with-body --config -`;
}

function python({ method, origin, target, headers, body, signed }) {
  const entries = Object.entries(body ? { "Content-Type": "application/json", ...headers } : headers);
  const literal = (text) => JSON.stringify(text);
  const data = body ? `BODY = ${literal(body)}.encode()` : "BODY = b\"\"";
  const fields = entries.length ? `{\n${entries.map(([name, value]) => `    ${literal(name)}: ${literal(value)},`).join("\n")}\n}` : "{}";
  if (!signed) return PYTHON_PLAIN.replace("URL_TEXT", () => literal(origin + target));
  return PYTHON.replace("URL_TEXT", () => literal(origin + target)).replace("METHOD_TEXT", () => literal(method))
    .replace("BODY_LINE", () => data).replace("FIELDS", () => fields);
}

function node({ method, origin, target, headers, body, signed }) {
  const entries = Object.entries(body ? { "Content-Type": "application/json", ...headers } : headers);
  const fields = entries.length ? `{\n${entries.map(([name, value]) => `  ${JSON.stringify(name.toLowerCase())}: ${JSON.stringify(value)},`).join("\n")}\n}` : "{}";
  if (!signed) return `const answer = await fetch(${JSON.stringify(origin + target)});\nconsole.log(answer.status, answer.headers.get("content-type"));`;
  return NODE.replace("URL_TEXT", () => JSON.stringify(origin + target)).replace("METHOD_TEXT", () => JSON.stringify(method))
    .replace("BODY_TEXT", () => JSON.stringify(body ?? "")).replace("FIELDS", () => fields);
}

const PYTHON_PLAIN = `import urllib.request

with urllib.request.urlopen(URL_TEXT) as answer:
    print(answer.status, answer.headers["Content-Type"])`;

const PYTHON = `import base64, hashlib, hmac, os, secrets, time, urllib.error, urllib.parse, urllib.request

KEY_ID, SECRET = os.environ["XUNYUAN_KEY_ID"], os.environ["XUNYUAN_SECRET"]
METHOD = METHOD_TEXT
URL = urllib.parse.urlsplit(URL_TEXT)
BODY_LINE
headers = FIELDS

values = {"@method": METHOD, "@authority": URL.netloc, "@path": URL.path, "@query": "?" + URL.query}
if BODY:
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    headers["Content-Digest"] = f"sha-256=:{digest}:"
for name in ("Content-Digest", "Content-Type", "Idempotency-Key"):
    if name in headers:
        values[name.lower()] = headers[name]

names = " ".join(f'"{name}"' for name in values)
params = (f'({names});created={int(time.time())};nonce="{secrets.token_urlsafe(16)}"'
          f';keyid="{KEY_ID}";alg="hmac-sha256";tag="xunyuan-v1"')
base = "\\n".join([f'"{name}": {value}' for name, value in values.items()] + [f'"@signature-params": {params}'])
mac = hmac.new(SECRET.encode(), base.encode(), hashlib.sha256).digest()
headers["Signature-Input"] = f"sig={params}"
headers["Signature"] = f"sig=:{base64.b64encode(mac).decode()}:"

request = urllib.request.Request(URL.geturl(), BODY or None, headers, method=METHOD)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.status, answer.read().decode())`;

const NODE = `import { createHash, createHmac, randomBytes } from "node:crypto";

const { XUNYUAN_KEY_ID: keyId, XUNYUAN_SECRET: secret } = process.env;
const method = METHOD_TEXT;
const url = new URL(URL_TEXT);
const body = BODY_TEXT;
const headers = FIELDS;

if (body) headers["content-digest"] = \`sha-256=:\${createHash("sha256").update(body).digest("base64")}:\`;
const values = { "@method": method, "@authority": url.host, "@path": url.pathname, "@query": url.search || "?" };
for (const name of ["content-digest", "content-type", "idempotency-key"]) {
  if (headers[name]) values[name] = headers[name];
}

const names = Object.keys(values).map((name) => \`"\${name}"\`).join(" ");
const params = \`(\${names});created=\${Math.floor(Date.now() / 1000)};nonce="\${randomBytes(16).toString("base64url")}"\`
  + \`;keyid="\${keyId}";alg="hmac-sha256";tag="xunyuan-v1"\`;
const lines = Object.entries(values).map(([name, value]) => \`"\${name}": \${value}\`);
const base = [...lines, \`"@signature-params": \${params}\`].join("\\n");
headers["signature-input"] = \`sig=\${params}\`;
headers.signature = \`sig=:\${createHmac("sha256", secret).update(base).digest("base64")}:\`;

const answer = await fetch(url, { method, headers, body: body || undefined });
console.log(answer.status, await answer.text());`;

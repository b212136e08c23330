// The try-out of one operation: a form, the signature made before your eyes, the request sent, the answer shown.
import { codeBlock, highlight } from "./code.js";
import { el, freshId } from "./dom.js";
import { currentKey, onKey } from "./key.js";
import { firstValue, flatten } from "./openapi.js";
import { fill, recalled, remember } from "./recall.js";
import { canSign, sign } from "./sign.js";

const FIRST_HEADERS = ["ratelimit", "ratelimit-policy", "retry-after", "violated-policies", "x-request-id", "idempotency-replayed", "location", "etag", "cache-control"];

/** The folded try-out of an operation; drawn when it is opened. */
export function tryout(document, one) {
  const place = el("div", { class: "tryout-body" });
  const fold = el("details", { class: "tryout" }, el("summary", {}, "Try it"), place);
  fold.addEventListener("toggle", () => {
    if (fold.open && !place.hasChildNodes()) place.append(form(document, one));
  });
  return fold;
}

function form(openapi, one) {
  const inputs = one.parameters.filter(({ in: place }) => place !== "cookie").map((parameter) => entry(openapi, parameter));
  const body = one.body ? bodyEntry(one) : null;
  const result = el("div", { class: "result" });
  // Said aloud by screen readers: the outcome in a word, not the whole answer.
  const told = el("p", { class: "unseen", role: "status" });
  const send = el("button", { type: "submit", class: "act" }, one.signed ? "Sign and send" : "Send");
  const again = el("button", { type: "button", class: "quiet", hidden: true }, "Send the same bytes again");
  const hint = el("p", { class: "hint" });
  let last = null;
  const run = async (work) => {
    told.textContent = "";
    send.disabled = again.disabled = true;
    try {
      const answer = await work();
      told.textContent = `Answered with ${answer.status} ${answer.statusText}`;
    } catch (error) {
      result.append(el("p", { class: "problem", role: "alert" }, error.message));
    } finally {
      send.disabled = again.disabled = false;
    }
  };
  const submit = (event) => {
    event.preventDefault();
    run(async () => {
      result.replaceChildren();
      last = await prepare(one, inputs, body);
      if (last.base) result.append(signature(last));
      again.hidden = !one.signed;
      return deliver(one, last, result);
    });
  };
  again.addEventListener("click", () => run(async () => {
    result.querySelectorAll(".reply").forEach((reply) => reply.remove());
    return deliver(one, last, result);
  }));
  onKey((key) => {
    const ready = !one.signed || (key && canSign());
    send.disabled = !ready;
    hint.hidden = ready;
    hint.replaceChildren(canSign() ? el("a", { href: "#key" }, "Enter a sandbox key") : "This page cannot sign over plain http", canSign() ? " to sign this request." : "; see above.");
  });
  return el("form", { onsubmit: submit, autocomplete: "off" },
    entries(inputs), body?.box, el("div", { class: "row" }, send, again, hint), told, result);
}

/** Parameters that are needed or filled in stand open, the others fold. */
function entries(inputs) {
  const [first, more] = [true, false].map((wanted) => inputs.filter(({ parameter, value }) => (parameter.required || value() !== "") === wanted));
  const grid = (some) => el("div", { class: "grid" }, some.map(({ box }) => box));
  return [
    first.length ? grid(first) : null,
    more.length ? el("details", { class: "more" }, el("summary", {}, `More parameters (${more.length})`), grid(more)) : null,
  ];
}

/** What a parameter is entered into: a choice when its values are listed. */
function control(openapi, parameter, id, value) {
  const schema = flatten(openapi, parameter.schema ?? {});
  if (!schema.enum) {
    return el("input", { id, name: parameter.name, value, required: parameter.required, spellcheck: "false", autocapitalize: "off", placeholder: hintOf(parameter) });
  }
  const values = schema.enum.filter((one) => one !== null).map(String);
  const options = parameter.required ? values : ["", ...values];
  return el("select", { id, name: parameter.name }, options.map((one) => el("option", { value: one, selected: one === value }, one || "left out")));
}

function hintOf(parameter) {
  const example = parameter.example ?? parameter.schema?.example;
  if (parameter.required) return "";
  return example === undefined ? "left out" : `left out; e.g. ${example}`;
}

function entry(openapi, parameter) {
  const id = freshId("in");
  const idempotency = parameter.name.toLowerCase() === "idempotency-key";
  const start = () => {
    if (idempotency) return crypto.randomUUID?.() ?? `try-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const known = parameter.required ? recalled(parameter.name) : undefined;
    return known ?? firstValue(openapi, parameter) ?? "";
  };
  const value = start();
  const input = control(openapi, parameter, id, value === "…" ? "" : String(value ?? ""));
  let touched = false;
  input.addEventListener("input", () => (touched = true));
  if (parameter.in === "path") {
    document.addEventListener("remembered", () => {
      const known = recalled(parameter.name);
      if (!touched && known !== undefined) input.value = known;
    });
  }
  const fresh = idempotency ? el("button", { type: "button", class: "link", onclick: () => (input.value = start()) }, "new") : null;
  return {
    parameter, value: () => input.value,
    box: el("div", { class: "entry" }, el("label", { for: id }, el("code", {}, parameter.name), parameter.required ? el("span", { class: "field-must" }, "required") : null, fresh), input),
  };
}

function bodyEntry(one) {
  const id = freshId("in");
  const text = () => JSON.stringify(fill(one.body.example ?? {}), null, 2);
  const area = el("textarea", { id, rows: "8", spellcheck: "false", autocapitalize: "off" });
  area.value = text();
  let touched = false;
  area.addEventListener("input", () => (touched = true));
  document.addEventListener("remembered", () => {
    if (!touched) area.value = text();
  });
  const reset = el("button", { type: "button", class: "link", onclick: () => { area.value = text(); touched = false; } }, "fill in from the last answers");
  return { value: () => area.value, box: el("div", { class: "entry wide" }, el("label", { for: id }, "Body ", el("code", {}, one.body.type), reset), area) };
}

/** The request as it will leave, signed. */
async function prepare(one, inputs, body) {
  let path = one.path;
  const query = [];
  const headers = {};
  for (const { parameter, value } of inputs) {
    const given = value();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, () => encodeURIComponent(given));
    else if (given === "") continue;
    else if (parameter.in === "query") query.push(`${encodeURIComponent(parameter.name)}=${encodeURIComponent(given)}`);
    else headers[parameter.name.toLowerCase()] = given.trim();
  }
  const text = body?.value() ?? "";
  if (text) headers["content-type"] = one.body.type;
  // What the browser makes of the address is what it sends, so that is what is signed.
  const url = new URL(path + (query.length ? `?${query.join("&")}` : ""), location.origin);
  const request = { method: one.method, url, headers, body: text };
  if (!one.signed) return { ...request, body: new TextEncoder().encode(text) };
  return { ...request, ...(await sign(request, currentKey())) };
}

function signature(request) {
  const lines = Object.entries(request.headers).map(([name, value]) => `${properName(name)}: ${value}`);
  return el("details", { class: "signed" }, el("summary", {}, "What was signed and sent"),
    codeBlock("Signature base", request.base),
    codeBlock("Request", [`${request.method} ${request.url.pathname}${request.url.search} HTTP/1.1`, `Host: ${request.url.host}`, ...lines].join("\n")));
}

const SPELT = { ratelimit: "RateLimit", "ratelimit-policy": "RateLimit-Policy", etag: "ETag", "www-authenticate": "WWW-Authenticate" };

function properName(name) {
  return SPELT[name] ?? name.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
}

async function deliver(one, request, result) {
  const began = performance.now();
  const answer = await fetch(request.url, {
    method: request.method, headers: request.headers, body: request.body.length ? request.body : undefined,
    cache: "no-store", credentials: "omit", redirect: "manual", referrerPolicy: "no-referrer",
  }).catch(() => { throw new Error("The gateway could not be reached."); });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const elapsed = performance.now() - began;
  const type = answer.headers.get("content-type") ?? "";
  const text = type.startsWith("image/") ? "" : new TextDecoder().decode(bytes);
  const json = type.includes("json") ? parse(text) : undefined;
  if (answer.ok) remember(one.id, json);
  result.append(el("div", { class: "reply" },
    el("p", { class: "reply-line" },
      el("span", { class: `status s${String(answer.status)[0]}` }, String(answer.status)), " ",
      el("strong", {}, answer.statusText || json?.title || ""), " ",
      el("span", { class: "reply-facts" }, `${elapsed < 10 ? elapsed.toFixed(1) : Math.round(elapsed)} ms · ${size(bytes.length)}`)),
    json?.code ? refusal(json, request) : null,
    headerTable(answer),
    pictures(json),
    replyBody(type, bytes, text, json)));
  return answer;
}

/** The pictures of the offers in an answer, as a buyer would see them. */
function pictures(json) {
  const offers = (Array.isArray(json?.items) ? json.items : [json]).filter((offer) => offer?.image_url?.startsWith("/pictures/"));
  if (offers.length === 0) return null;
  return el("ul", { class: "goods", tabindex: "0", "aria-label": "Offers in the answer" }, offers.slice(0, 12).map((offer) => el("li", {},
    el("img", { src: small(offer.image_url), alt: "", width: "96", height: "96", loading: "lazy" }),
    el("span", {}, offer.title), " ",
    offer.price?.from ? el("strong", {}, `${offer.price.from.amount} ${offer.price.from.currency}`) : null)));
}

function small(address) {
  const url = new URL(address, location.origin);
  url.searchParams.set("size", "240");
  return url.pathname + url.search;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`;
}

function refusal(problem, request) {
  const theirs = problem.signature_base;
  return el("div", { class: "refusal" },
    el("p", {}, problem.detail ?? problem.title ?? "", " ",
      el("a", { href: `/docs/errors/${encodeURIComponent(problem.code)}` }, "Why was it refused? ", el("code", {}, problem.code))),
    problem.errors?.length ? el("ul", {}, problem.errors.map(({ pointer, detail }) => el("li", {}, el("code", {}, pointer ?? ""), " ", detail ?? ""))) : null,
    theirs && request.base ? difference(request.base, theirs) : null);
}

/** The lines in which the gateway's signature base differs from ours. */
function difference(ours, theirs) {
  const mine = ours.split("\n");
  const lines = theirs.split("\n");
  const count = Math.max(mine.length, lines.length);
  const rows = Array.from({ length: count }, (_, at) => [mine[at], lines[at]]).filter(([left, right]) => left !== right);
  if (rows.length === 0) return el("p", {}, "Both sides computed the same signature base, so the secret differs.");
  return el("div", {}, el("p", {}, "The signature bases differ here:"),
    rows.map(([left, right]) => el("pre", { class: "differs", tabindex: "0" }, el("del", {}, `signed    ${left ?? "(no such line)"}`), "\n", el("ins", {}, `computed  ${right ?? "(no such line)"}`))));
}

function headerTable(answer) {
  const all = [...answer.headers].sort(([left], [right]) => rank(left) - rank(right) || left.localeCompare(right));
  return el("details", { class: "headers", open: true }, el("summary", {}, "Header fields"),
    el("dl", { class: "header-list" }, all.map(([name, value]) => [el("dt", {}, properName(name)), el("dd", {}, value)])));
}

function rank(name) {
  const at = FIRST_HEADERS.indexOf(name);
  return at < 0 ? FIRST_HEADERS.length : at;
}

function replyBody(type, bytes, text, json) {
  if (type.startsWith("image/") && bytes.length < 2_000_000) {
    const binary = bytes.reduce((sum, byte) => sum + String.fromCharCode(byte), "");
    return el("img", { class: "picture", alt: "The picture that was answered", src: `data:${type.split(";")[0]};base64,${btoa(binary)}` });
  }
  if (!text) return el("p", { class: "type-line" }, "No body.");
  const shown = json === undefined ? text : JSON.stringify(json, null, 2);
  return el("pre", { class: "body", tabindex: "0", "aria-label": "Body of the answer" }, el("code", {}, highlight(shown, "json")));
}

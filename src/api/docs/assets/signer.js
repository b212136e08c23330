// The live signer of the signing guide: every keystroke shows digest, parameters, base and signature anew. Sends nothing.
import { codeBlock } from "./code.js";
import { el, freshId } from "./dom.js";
import { canSign, freshNonce, now, sign } from "./sign.js";
import { copyButton } from "./page.js";

const place = document.getElementById("live-signer");

function entry(label, value, place = "", rows = 0) {
  const id = freshId("live");
  const input = rows ? el("textarea", { id, rows: String(rows), spellcheck: "false" }) : el("input", { id, spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
  input.value = value;
  return { input, box: el("div", { class: `entry ${place}` }, el("label", { for: id }, label), input) };
}

function start() {
  if (!canSign()) {
    place.replaceChildren(el("div", { class: "note" }, el("p", {}, "Browsers allow cryptography only over https or on localhost, and this page came over plain http from ", el("code", {}, location.host), ". The worked example above shows the same.")));
    return;
  }
  const parts = {
    method: entry("Method", "POST"),
    address: entry("Address", place.dataset.address, "rest"),
    keyId: entry("Key id", place.dataset.key),
    secret: entry("Secret (example)", place.dataset.secret),
    idempotency: entry("Idempotency-Key", "po-2026-0001-try-1"),
    created: entry("created", "1764583260"),
    nonce: entry("nonce", "6InTC4VCHozIMNFfO1AIwQ"),
    body: entry("Body (application/json)", '{"reference":"PO-2026-0001","quote_id":"quo_0192f0c4a3b87c1e9d5a6b7c8d9e0f10"}', "wide", 3),
  };
  const steps = el("div", { class: "signed-steps" });
  const fresh = el("button", { type: "button", class: "quiet" }, "Now, with a fresh nonce");
  let round = 0;
  const show = async () => {
    const mine = (round += 1);
    const drawn = await draw(parts).catch((error) => [el("p", { class: "problem" }, error.message)]);
    if (mine === round) steps.replaceChildren(...drawn);
  };
  fresh.addEventListener("click", () => {
    parts.created.input.value = String(now());
    parts.nonce.input.value = freshNonce();
    show();
  });
  for (const { input } of Object.values(parts)) input.addEventListener("input", show);
  place.replaceChildren(el("form", { class: "live", onsubmit: (event) => event.preventDefault(), autocomplete: "off" },
    el("div", { class: "grid" }, Object.values(parts).map(({ box }) => box)), el("div", { class: "row" }, fresh)), steps);
  show();
}

async function draw(parts) {
  const value = (name) => parts[name].input.value;
  const secret = value("secret");
  if (value("keyId").startsWith("xyk_live_")) throw new Error("This is a live key: keep it and its secret out of browsers.");
  if (!secret) throw new Error("A secret is needed.");
  if (!URL.canParse(value("address"))) throw new Error("The address must be whole, with its scheme and host.");
  const headers = {};
  if (value("body")) headers["content-type"] = "application/json";
  if (value("idempotency")) headers["idempotency-key"] = value("idempotency");
  const request = { method: value("method").toUpperCase(), url: new URL(value("address")), headers, body: value("body") };
  const made = await sign(request, { keyId: value("keyId"), secret }, { created: Number.parseInt(value("created"), 10) || 0, nonce: value("nonce") });
  const fields = [made.digest ? `Content-Digest: ${made.digest}` : null, `Signature-Input: ${made.headers["signature-input"]}`, `Signature: ${made.headers.signature}`].filter(Boolean).join("\n");
  return [
    made.digest ? codeBlock("1 · Digest of the body", `Content-Digest: ${made.digest}`) : codeBlock("1 · Digest of the body", "There is no body, so there is no digest."),
    codeBlock("2 · Covered", made.covered.join("  ")),
    codeBlock("3 · Parameters", made.input.slice(made.input.indexOf(")") + 2).replaceAll(";", "\n")),
    codeBlock("4 · Signature base", made.base, undefined, [copyButton(() => made.base)]),
    codeBlock("5 · Header fields to send", fields, undefined, [copyButton(() => fields)]),
  ];
}

start();

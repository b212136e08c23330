// The sandbox key of the try-out: checked for its shape, held in memory, in sessionStorage only when asked.
import { el, freshId } from "./dom.js";
import { canSign } from "./sign.js";

const PLACE = "xunyuan-sandbox-key";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
let held = null;

/** The key that signs, or null. */
export function currentKey() {
  return held;
}

/** Calls back now and whenever the key changes. */
export function onKey(call) {
  document.addEventListener("sandbox-key", () => call(held));
  call(held);
}

function hold(key) {
  held = key;
  document.dispatchEvent(new Event("sandbox-key"));
}

/** CRC-32 (as in zip) of the text before the last six characters, in base 62. */
function checksumFits(text) {
  let register = 0xffffffff;
  for (const byte of new TextEncoder().encode(text.slice(0, -6))) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit += 1) register = (register >>> 1) ^ (register & 1 ? 0xedb88320 : 0);
  }
  const given = [...text.slice(-6)].reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0);
  return given === (~register >>> 0);
}

function shape(text, length, what) {
  if (text.length !== length) return `The ${what} has ${text.length} characters, it must have ${length}: was it copied whole?`;
  if (!checksumFits(text)) return `The ${what}'s checksum does not fit: probably a typing mistake.`;
  return null;
}

/** A sentence about what is wrong with the pair, or null. */
export function complaint(keyId, secret) {
  if (keyId.startsWith("xyk_live_")) return "This is a live key. Its place is on your servers, not in a browser: live orders cost money. Use an xyk_test_ key here.";
  if (keyId.startsWith("xys_")) return "This is the secret, not the key id. Put it into the field beside.";
  if (!keyId.startsWith("xyk_test_")) return "A sandbox key id begins with xyk_test_.";
  if (!secret.startsWith("xys_")) return "A secret begins with xys_.";
  return shape(keyId, 37, "key id") ?? shape(secret, 53, "secret");
}

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE));
    if (kept && !complaint(kept.keyId, kept.secret)) hold(kept);
  } catch {
    // Nothing kept, or storage is forbidden.
  }
}

function keep(key, wanted) {
  try {
    if (wanted) sessionStorage.setItem(PLACE, JSON.stringify(key));
    else sessionStorage.removeItem(PLACE);
  } catch {
    // Storage is forbidden; memory will do.
  }
}

/** Fills the panel where the key is entered and forgotten. */
export function keyPanel(panel) {
  recall();
  panel.hidden = false;
  const title = el("h2", { id: "key-title" }, "Your sandbox key");
  onKey((key) => panel.replaceChildren(title, key ? present(key) : entry()));
}

function present(key) {
  return el("div", { class: "key-held" },
    el("p", {}, "Try-outs are signed with ", el("code", {}, key.keyId), ". The secret is held in this tab and never sent."),
    el("button", { type: "button", class: "quiet", onclick: () => { keep(null, false); hold(null); } }, "Forget the key"));
}

function entry() {
  if (!canSign()) return insecure();
  const idField = input("Key id", "xyk_test_…", "text");
  const secretField = input("Secret", "xys_…", "password");
  const box = freshId("keep");
  const wanted = el("input", { type: "checkbox", id: box });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const submit = (event) => {
    event.preventDefault();
    const key = { keyId: idField.input.value.trim(), secret: secretField.input.value.trim() };
    const wrong = complaint(key.keyId, key.secret);
    problem.hidden = !wrong;
    problem.textContent = wrong ?? "";
    if (wrong) return;
    keep(key, wanted.checked);
    hold(key);
  };
  return el("form", { class: "key-form", onsubmit: submit, autocomplete: "off" },
    el("p", {}, "Enter a sandbox key to try operations from this page. Requests are signed here, in your browser; the secret never leaves it. It is held in memory until you close or reload the page."),
    el("div", { class: "row" }, idField.box, secretField.box, el("button", { type: "submit", class: "act" }, "Use this key")),
    el("p", { class: "check" }, wanted, el("label", { for: box }, "Keep it in this tab over reloads (sessionStorage, gone when the tab is closed)")),
    problem);
}

function insecure() {
  return el("div", { class: "note" }, el("p", {},
    el("strong", {}, "This page cannot sign. "),
    "Browsers allow cryptography only over https or on localhost, and this page came over plain http from ",
    el("code", {}, location.host), ". Open it as https, or through localhost (for example with a port forward), or sign on the command line."));
}

function input(label, placeholder, type) {
  const id = freshId("key");
  const made = el("input", { id, type, placeholder, spellcheck: "false", autocomplete: "off", autocapitalize: "off", required: true });
  return { input: made, box: el("div", { class: "entry" }, el("label", { for: id }, label), made) };
}

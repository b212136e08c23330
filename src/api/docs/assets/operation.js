// Draws one operation of the reference: what it is, what it takes, what it answers, samples, and its try-out.
import { copyButton } from "./page.js";
import { codeBlock } from "./code.js";
import { el, tabs } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { firstValue, flatten } from "./openapi.js";
import { samples } from "./samples.js";
import { field, fields } from "./schema.js";
import { tryout } from "./tryout.js";

/** The section of an operation. `codes`: the error catalogue by name. */
export function operationSection(document, one, codes) {
  const fold = tryout(document, one);
  const open = () => {
    fold.open = true;
    fold.scrollIntoView({ block: "start" });
    fold.querySelector("summary").focus({ preventScroll: true });
  };
  return el("section", { class: "operation", id: one.id, "aria-labelledby": `${one.id}-title` },
    el("div", { class: "pair" },
      el("div", { class: "words" },
        head(one),
        el("div", { class: "prose" }, markdown(one.description)),
        parameters(document, one),
        body(document, one),
        answers(document, one, codes)),
      el("div", { class: "shown" },
        el("button", { type: "button", class: "quiet to-tryout", onclick: open }, "Try it"),
        samplesOf(document, one), answerSample(one))),
    fold);
}

function head(one) {
  const chips = [
    one.scopes.length ? el("li", {}, "scope ", one.scopes.flatMap((scope, at) => [at ? " or " : null, el("code", {}, scope)])) : null,
    one.cost !== null ? el("li", {}, one.cost === "0" ? "free" : ["cost ", el("strong", {}, one.cost)]) : null,
    one.signed ? null : el("li", {}, "no signature needed"),
    one.deprecated ? el("li", { class: "warn" }, "deprecated") : null,
  ].filter(Boolean);
  return el("header", {},
    el("h3", { id: `${one.id}-title` }, el("a", { href: `#${one.id}`, class: "anchor" }, inline(one.title))),
    el("p", { class: "target" }, method(one.method), " ", el("code", {}, breakable(one.path))),
    chips.length ? el("ul", { class: "chips" }, chips) : null);
}

/** The badge of a method. */
export function method(name) {
  return el("span", { class: `method m-${name.toLowerCase()}` }, name);
}

/** A path that may wrap after its slashes. */
function breakable(path) {
  return path.split(/(?<=\/)/).flatMap((part) => [part, el("wbr")]);
}

const PLACES = { path: "Path", query: "Query", header: "Header fields" };

function parameters(document, one) {
  return Object.entries(PLACES).map(([place, title]) => {
    const here = one.parameters.filter((parameter) => parameter.in === place);
    if (here.length === 0) return null;
    return el("section", { class: "part" }, el("h4", {}, title),
      el("ul", { class: "fields" }, here.map((parameter) =>
        field(document, parameter.name, { example: parameter.example, ...parameter.schema }, parameter.required, 0, parameter.description))));
  });
}

function body(document, one) {
  if (!one.body) return null;
  return el("section", { class: "part" }, el("h4", {}, "Body"),
    el("p", { class: "type-line" }, el("code", {}, one.body.type), one.body.required ? " required" : " optional"),
    fields(document, one.body.schema));
}

function answers(document, one, codes) {
  const shown = one.responses.map((response) => {
    const good = response.status.startsWith("2") || response.status === "304";
    const known = codesOf(response, codes);
    const inside = response.schema ? good ? fields(document, response.schema, 0, true) : besides(document, response.schema, known) : null;
    return el("details", { class: "answer", open: false },
      el("summary", {}, status(response.status), " ", el("span", { class: "answer-words" }, inline(wordsOf(response) || known.join(", ")))),
      el("div", { class: "answer-body" },
        response.headers.length ? el("ul", { class: "fields" }, response.headers.map((header) =>
          field(document, header.name, header.schema ?? {}, false, 0, header.description))) : null,
        inside,
        known.length ? codeList(known, codes) : null,
        !inside && !known.length && !response.headers.length ? el("p", { class: "type-line" }, response.type ?? "No body.") : null));
  });
  return el("section", { class: "part" }, el("h4", {}, "Answers"), shown);
}

/** What a problem with one of these codes tells beyond what every problem tells. */
function besides(document, schema, codes) {
  const members = Object.entries(flatten(document, schema).properties ?? {});
  const own = members.filter(([, member]) => codes.some((code) => member.description?.startsWith("With ") && member.description.includes(`\`${code}\``)));
  return own.length ? el("ul", { class: "fields" }, own.map(([name, member]) => field(document, name, member, false, 0, null, false))) : null;
}

/** The badge of a status. */
export function status(code) {
  return el("span", { class: `status s${String(code)[0]}` }, String(code));
}

/** The codes a response's description names; for refused signatures, every code of that status. */
function codesOf(response, codes) {
  const named = [...response.description.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name).filter((name) => codes.has(name));
  if (named.length || response.status !== "401") return [...new Set(named)];
  return [...codes.values()].filter(({ status }) => String(status) === response.status).map(({ code }) => code);
}

/** A description without the list of codes it begins with: they are shown below it. */
function wordsOf(response) {
  const text = response.description.split("\n")[0].replace(/^(?:`[a-z_]+`(?:, )?)+(?:: |$)/, "");
  return text ? text[0].toUpperCase() + text.slice(1) : "";
}

function codeList(names, codes) {
  return el("ul", { class: "codes small" }, names.map((name) =>
    el("li", {}, el("a", { href: `/docs/errors/${name}` }, el("code", {}, name)), el("p", {}, codes.get(name)?.title ?? ""))));
}

/** The operation's request with example values. */
export function exampleRequest(document, one) {
  let path = one.path;
  const query = [];
  const headers = {};
  for (const parameter of one.parameters) {
    const value = firstValue(document, parameter);
    if (value === undefined) continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query") query.push(`${encodeURIComponent(parameter.name)}=${encodeURIComponent(value)}`);
    else if (parameter.in === "header") headers[parameter.name] = value === "…" ? "po-2026-0001-try-1" : String(value);
  }
  return {
    method: one.method, origin: location.origin, target: path + (query.length ? `?${query.join("&")}` : ""),
    headers, body: one.body ? JSON.stringify(one.body.example) : null, signed: one.signed,
  };
}

function samplesOf(document, one) {
  const entries = samples(exampleRequest(document, one)).map(({ key, name, language, text }) => ({
    key, name, panel: codeBlock(one.id, text, language, [copyButton(() => text)]),
  }));
  return el("div", { class: "samples" }, tabs(`Samples for ${one.id}`, entries));
}

function answerSample(one) {
  const good = one.responses.find(({ status: code, example }) => code.startsWith("2") && example !== undefined);
  if (!good || !good.type?.includes("json")) return null;
  const text = JSON.stringify(good.example, null, 2);
  return codeBlock(`Answer ${good.status}`, text, "json", [copyButton(() => text)]);
}

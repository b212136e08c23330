// Draws a schema as a list of fields: name, type, what it must be, what it means; nested ones fold.
import { el } from "./dom.js";
import { flatten, idFirst } from "./openapi.js";
import { inline } from "./markdown.js";

const DEEPEST = 6;

/** The fields of a schema, or the type alone when it has none; of what is `told`, those are marked that may be missing. */
export function fields(document, schema, depth = 0, told = false) {
  const found = flatten(document, schema);
  if (found.choices) return choices(document, found, depth, told);
  if (found.type === "array" && found.items) {
    return [depth === 0 ? el("p", { class: "type-line" }, "A list of:") : null, fields(document, found.items, depth, told)];
  }
  const members = idFirst(Object.entries(found.properties ?? {}));
  if (members.length === 0) return depth === 0 ? el("p", { class: "type-line" }, typeOf(document, found)) : null;
  const required = new Set(found.required ?? []);
  members.sort(([left], [right]) => required.has(right) - required.has(left));
  return el("ul", { class: "fields" }, members.map(([name, member]) => field(document, name, member, required.has(name), depth, null, told)));
}

function choices(document, found, depth, told) {
  return el("div", { class: "choices" }, found.choices.map((choice, index) => {
    const one = flatten(document, choice);
    return el("details", { open: index === 0 && depth === 0 },
      el("summary", {}, one.title ?? one.name ?? `Choice ${index + 1}`), fields(document, choice, depth + 1, told));
  }));
}

/** One field or parameter. */
export function field(document, name, schema, required, depth = 0, description = null, told = false) {
  const found = flatten(document, schema);
  const inside = innermost(document, found);
  const nested = depth < DEEPEST && (inside.properties || inside.choices);
  const words = description ?? found.description;
  return el("li", { class: "field" },
    el("div", { class: "field-head" },
      el("code", { class: "field-name" }, name), " ",
      el("span", { class: "field-type" }, typeOf(document, found)), " ",
      required && !told ? el("span", { class: "field-must" }, "required") : null,
      !required && told ? el("span", { class: "field-may" }, "not always") : null,
      found.nullable ? el("span", { class: "field-may" }, "or null") : null),
    words ? el("p", { class: "field-words" }, inline(words.replace(/\n+/g, " "))) : null,
    facts(found, inside),
    nested ? el("details", { class: "nested" }, el("summary", {}, `Fields of ${name}`), fields(document, inside, depth + 1, told)) : null);
}

function innermost(document, found) {
  let at = found;
  for (let step = 0; at.type === "array" && at.items && step < 4; step += 1) at = flatten(document, at.items);
  return at;
}

/** The type in words: `list of Price`, `string (date-time)`. */
export function typeOf(document, found) {
  if (found.type === "array") return found.items ? `list of ${typeOf(document, flatten(document, found.items))}` : "list";
  if (found.choices) return found.choices.map((choice) => typeOf(document, flatten(document, choice))).join(" or ");
  if (found.properties || found.type === "object") return found.name ?? "object";
  if (found.enum || found.const !== undefined) return `${found.type ?? "string"}, one of`;
  const format = found.format && found.format !== "int32" && found.format !== "int64" ? ` (${found.format})` : "";
  return `${found.type ?? "any"}${format}`;
}

function facts(found, inside) {
  const rows = [];
  const values = found.enum ?? (inside !== found ? inside.enum : null);
  if (values) rows.push(el("span", { class: "enum" }, values.filter((value) => value !== null).map((value) => [el("code", {}, String(value)), " "])));
  const limits = [
    ["at least", found.minimum], ["at most", found.maximum],
    ["at least", found.minLength, "characters"], ["at most", found.maxLength, "characters"],
    ["at least", found.minItems, "items"], ["at most", found.maxItems, "items"],
  ].filter(([, value]) => value !== undefined && value !== 0);
  if (limits.length) rows.push(el("span", {}, limits.map(([word, value, unit]) => `${word} ${value}${unit ? ` ${unit}` : ""}`).join(", ")));
  if (found.pattern) rows.push(el("span", {}, "pattern ", el("code", {}, found.pattern)));
  if (found.default !== undefined && found.default !== null) rows.push(el("span", {}, "default ", el("code", {}, JSON.stringify(found.default))));
  const shown = found.example ?? found.examples?.[0];
  if (shown !== undefined && typeof shown !== "object") rows.push(el("span", {}, "for example ", el("code", {}, String(shown))));
  return rows.length ? el("p", { class: "field-facts" }, rows) : null;
}

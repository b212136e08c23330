// The little of CommonMark that descriptions use: paragraphs, lists, `code`, **strong**, *stress*, [links](/to).
import { el } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** Inline marks as nodes. */
export function inline(text) {
  const nodes = [];
  let plain = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(text.slice(plain, found.index), marked(found));
    plain = found.index + found[0].length;
  }
  nodes.push(text.slice(plain));
  return nodes.filter((node) => node !== "");
}

function marked([whole, code, strong, stress, label, target]) {
  if (code) return el("code", {}, code);
  if (strong) return el("strong", {}, inline(strong));
  if (stress) return el("em", {}, inline(stress));
  const safe = /^(?:[/#]|https:)/.test(target) && !target.startsWith("//");
  return safe ? el("a", { href: target }, inline(label)) : whole;
}

/** Blocks as nodes. */
export function markdown(text) {
  if (!text) return [];
  return text.replace(/\r/g, "").split(/\n{2,}/).filter((block) => block.trim()).map(block);
}

function block(text) {
  const lines = text.split("\n");
  const bullet = /^\s*[-*] /;
  if (lines.every((line) => bullet.test(line) || /^\s{2,}/.test(line)) && bullet.test(lines[0])) {
    const items = text.split(/\n(?=\s*[-*] )/).map((line) => line.replace(bullet, "").replace(/\s*\n\s*/g, " "));
    return el("ul", {}, items.map((item) => el("li", {}, inline(item))));
  }
  return el("p", {}, inline(text.replace(/^#+ /, "").replace(/\n/g, " ")));
}

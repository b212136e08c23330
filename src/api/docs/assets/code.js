// Colours for code: a few regular expressions a language, good enough for samples and answers.
import { el } from "./dom.js";

const RULES = {
  json: [
    ["key", /"(?:[^"\\]|\\.)*"(?=\s*:)/y],
    ["string", /"(?:[^"\\]|\\.)*"/y],
    ["number", /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
    ["word", /\b(?:true|false|null)\b/y],
  ],
  python: [
    ["comment", /#[^\n]*/y],
    ["string", /f?"(?:[^"\\\n]|\\.)*"|f?'(?:[^'\\\n]|\\.)*'/y],
    ["word", /\b(?:import|from|as|def|return|if|else|for|in|with|print|None|True|False|and|or|not)\b/y],
    ["number", /\b\d+(?:\.\d+)?\b/y],
  ],
  javascript: [
    ["comment", /\/\/[^\n]*/y],
    ["string", /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/y],
    ["word", /\b(?:import|from|const|let|return|if|else|for|of|await|async|function|new|null|true|false)\b/y],
    ["number", /\b\d+(?:\.\d+)?\b/y],
  ],
  shell: [
    ["comment", /(?<=^|\n)#[^\n]*/y],
    ["string", /'[^']*'|"(?:[^"\\]|\\.)*"/y],
    ["word", /\b(?:xunyuan|curl)\b/y],
    ["number", /(?<=\s)--?[a-z-]+/y],
  ],
};

// Colouring a very long answer would cost more than it helps.
const MOST = 200_000;

/** The text as nodes, coloured. */
export function highlight(text, language) {
  const rules = RULES[language];
  if (!rules || text.length > MOST) return [text];
  const nodes = [];
  let plain = 0;
  let at = 0;
  while (at < text.length) {
    const found = match(rules, text, at);
    if (!found) {
      at = skip(text, at);
      continue;
    }
    if (plain < at) nodes.push(text.slice(plain, at));
    nodes.push(el("span", { class: `c-${found.kind}` }, found.text));
    at += found.text.length;
    plain = at;
  }
  if (plain < text.length) nodes.push(text.slice(plain));
  return nodes;
}

function match(rules, text, at) {
  for (const [kind, pattern] of rules) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found && found[0]) return { kind, text: found[0] };
  }
  return null;
}

/** Words are passed over whole, so that `information` holds no keyword `for`. */
function skip(text, at) {
  const word = /\w+/y;
  word.lastIndex = at;
  return word.exec(text) ? word.lastIndex : at + 1;
}

/** A block of code with a caption and a copy button. */
export function codeBlock(caption, text, language, buttons = []) {
  const code = el("code", { "data-language": language }, highlight(text, language));
  return el("figure", { class: "code" },
    el("figcaption", {}, el("span", {}, caption), buttons),
    el("pre", { tabindex: "0" }, code));
}

// Draws the reference from the OpenAPI document: navigation with a filter, then every operation.
import { el } from "./dom.js";
import { keyPanel } from "./key.js";
import { markdown } from "./markdown.js";
import { groups } from "./openapi.js";
import { method, operationSection } from "./operation.js";

const main = document.querySelector("main[data-openapi]");
const place = document.getElementById("reference");
const narrow = matchMedia("(max-width: 60rem)");

async function start() {
  document.querySelector(".side").hidden = false;
  document.getElementById("base").textContent = location.origin;
  keyPanel(document.getElementById("key"));
  place.replaceChildren(el("p", { class: "hint", role: "status" }, "Reading the OpenAPI document …"));
  let openapi;
  let codes;
  try {
    [openapi, codes] = await Promise.all([load(main.dataset.openapi), load("/docs/errors.json").catch(() => ({ items: [] }))]);
  } catch (error) {
    place.replaceChildren(el("div", { class: "note", role: "alert" }, el("p", {}, `The OpenAPI document could not be read: ${error.message} `, el("a", { href: main.dataset.openapi }, "Look at it yourself."))));
    return;
  }
  draw(openapi, new Map(codes.items.map((item) => [item.code, item])));
}

async function load(address) {
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}.`);
  return answer.json();
}

function draw(openapi, codes) {
  const found = groups(openapi);
  navigation(found);
  place.replaceChildren(...found.map((group) => el("section", { class: "group", "aria-labelledby": slug(group.name) },
    el("header", { class: "group-head prose" }, el("h2", { id: slug(group.name) }, titled(group.name)), markdown(group.description)),
    group.operations.map((one) => operationSection(openapi, one, codes)))));
  rememberLanguage();
  watch();
  goToHash();
}

function slug(name) {
  return `tag-${name.toLowerCase().replace(/\W+/g, "-")}`;
}

function titled(name) {
  return name[0].toUpperCase() + name.slice(1);
}

function navigation(found) {
  const fold = document.querySelector(".side-fold");
  if (narrow.matches) fold.open = false;
  narrow.addEventListener("change", () => (fold.open = !narrow.matches));
  const links = [];
  const lists = found.map((group) => {
    const items = group.operations.map((one) => {
      const link = el("a", { href: `#${one.id}`, title: one.path }, method(one.method), el("span", {}, one.title));
      const item = el("li", {}, link);
      links.push({ item, text: [one.id, one.path, one.method, one.title, ...one.scopes, group.name].join(" ").toLowerCase() });
      link.addEventListener("click", () => narrow.matches && (fold.open = false));
      return item;
    });
    return el("section", {}, el("h2", {}, el("a", { href: `#${slug(group.name)}` }, titled(group.name))), el("ul", {}, items));
  });
  const none = el("p", { class: "hint", role: "status", hidden: true }, "No operation matches.");
  document.getElementById("operations").replaceChildren(...lists, none);
  search(links, lists, none);
}

function search(links, lists, none) {
  const box = document.querySelector(".side-search");
  const input = box.querySelector("input");
  box.hidden = false;
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { item, text } of links) item.hidden = !words.every((word) => text.includes(word));
    for (const list of lists) list.hidden = !list.querySelector("li:not([hidden])");
    none.hidden = links.some(({ item }) => !item.hidden);
  };
  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") links.find(({ item }) => !item.hidden)?.item.querySelector("a").click();
    if (event.key === "Escape") { input.value = ""; apply(); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    document.querySelector(".side-fold").open = true;
    input.focus();
  });
}

/** A language chosen once is shown at all operations. */
function rememberLanguage() {
  const choose = (key) => place.querySelectorAll(".samples .tabbed").forEach((box) => box.chooseKey(key));
  place.addEventListener("tab", (event) => {
    // The tab must not run away from under the pointer when blocks above change their height.
    const before = event.target.getBoundingClientRect().top;
    choose(event.detail);
    scrollBy({ top: event.target.getBoundingClientRect().top - before, behavior: "instant" });
    try {
      localStorage.setItem("xunyuan-sample-language", event.detail);
    } catch {
      // Not kept then.
    }
  });
  try {
    const kept = localStorage.getItem("xunyuan-sample-language");
    if (kept) choose(kept);
  } catch {
    // The first one it is.
  }
}

/** Marks the operation being read in the navigation. */
function watch() {
  const side = document.querySelector(".side");
  const sections = [...place.querySelectorAll(".operation")];
  let marked = null;
  const mark = () => {
    const line = innerHeight * 0.3;
    const now = sections.findLast((section) => section.getBoundingClientRect().top < line);
    if (now === marked) return;
    side.querySelector("[aria-current]")?.removeAttribute("aria-current");
    marked = now;
    const link = now && side.querySelector(`a[href="#${CSS.escape(now.id)}"]`);
    if (!link) return;
    link.setAttribute("aria-current", "true");
    if (!narrow.matches) keepInView(side, link);
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();
}

function keepInView(side, link) {
  const box = side.getBoundingClientRect();
  const at = link.getBoundingClientRect();
  if (at.top < box.top + 80 || at.bottom > box.bottom - 20) side.scrollTop += at.top - box.top - box.height / 3;
}

function goToHash() {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name) document.getElementById(name)?.scrollIntoView();
}

start();

// Puts fresh figures in the place of old ones as soon as the node says that there are some, and sorts tables. Without
// it a page is loaded anew as a whole, and tables stay in the order that matters most.
const main = document.querySelector("main");
const pulse = document.getElementById("pulse");
const FALLBACK_MS = 5000;
const sorted = new Map();

const focusable = (where) => [...where.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
const scrolling = (where) => [...where.querySelectorAll(".table")];

// Nothing is taken away from under somebody's hands.
function busy() {
  const field = document.activeElement;
  const writes = field && main.contains(field) && field.matches("input, select, textarea");
  const opened = main.querySelector("details.act[open], details.tries[open]");
  return document.hidden || writes || opened || !document.getSelection().isCollapsed;
}

function replace(fresh) {
  const held = focusable(main).indexOf(document.activeElement);
  const places = scrolling(main).map((table) => table.scrollLeft);
  main.replaceChildren(...fresh.childNodes);
  sortable(main);
  scrolling(main).forEach((table, at) => { table.scrollLeft = places[at] ?? 0; });
  if (held >= 0) focusable(main)[held]?.focus({ preventScroll: true });
}

function tell(words, look) {
  if (pulse.textContent !== words) pulse.textContent = words;
  pulse.className = `pulse ${look}`;
}

let asking = false;
async function renew() {
  if (asking || busy()) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(FALLBACK_MS) });
    if (answer.type === "opaqueredirect") return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!answer.ok || !fresh) throw new Error(answer.status);
    if (!busy()) replace(fresh);
    tell(live ? "Live." : "Renewed every 5 seconds.", live ? "good" : "");
  } catch {
    tell("The node does not answer; the figures above are old.", "bad");
  } finally {
    asking = false;
  }
}

// The node's word, or a look from time to time while it cannot be heard.
let live = false;
function listen() {
  const words = new EventSource("/console/live");
  words.addEventListener("hello", () => { live = true; renew(); });
  words.addEventListener("tick", () => { live = true; renew(); });
  words.addEventListener("bye", () => { words.close(); location.reload(); });
  words.onerror = () => {
    live = false;
    if (words.readyState === EventSource.CLOSED) setTimeout(listen, 6 * FALLBACK_MS);
  };
  addEventListener("pagehide", () => words.close());
}

// Sorting, by a button in each head so that the keyboard has it too.
function worth(cell) {
  const text = (cell?.dataset.value ?? cell?.textContent ?? "").trim();
  const moment = cell?.querySelector("time")?.dateTime;
  if (moment) return Date.parse(moment);
  const number = text.replace(/[,\s]/g, "").match(/^[-+–]?\d+(\.\d+)?/);
  if (!number) return text.toLowerCase();
  const unit = text.match(/\d\s*(ms|s|min|h|d)\b/)?.[1];
  return parseFloat(number[0]) * ({ ms: 0.001, min: 60, h: 3600, d: 86400 }[unit] ?? 1);
}

function order(table, at, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const compare = (one, other) => {
    const [a, b] = [worth(one.cells[at]), worth(other.cells[at])];
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  };
  rows.sort((one, other) => (down ? -compare(one, other) : compare(one, other)));
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    if (place === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

function sortable(where) {
  for (const table of where.querySelectorAll("table[data-sorts]")) {
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      if (head.hasAttribute("data-still") || !head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = sorted.get(table.id);
        const down = before?.at === at ? !before.down : head.classList.contains("number");
        sorted.set(table.id, { at, down });
        order(table, at, down);
      });
    });
    const chosen = sorted.get(table.id);
    if (chosen) order(table, chosen.at, chosen.down);
  }
}

// The menu of whoever is logged in closes like one.
const who = document.querySelector("details.who");
addEventListener("click", (event) => { if (who?.open && !who.contains(event.target)) who.open = false; });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !who?.open) return;
  who.open = false;
  who.querySelector("summary").focus();
});

sortable(main);
if (main.hasAttribute("data-renews")) {
  listen();
  setInterval(() => { if (!live) renew(); }, FALLBACK_MS);
  document.addEventListener("visibilitychange", renew);
}

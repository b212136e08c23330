// Puts fresh figures in the place of the old ones. Without it the page is loaded anew as a whole.
const every = 5000;
const main = document.querySelector("main");
const trouble = document.getElementById("trouble");
const focusable = (where) => [...where.querySelectorAll("a[href], button, input, select, [tabindex]")];
const scrolling = (where) => [...where.querySelectorAll(".table")];

function replace(fresh) {
  const held = focusable(main).indexOf(document.activeElement);
  const places = scrolling(main).map((table) => table.scrollLeft);
  main.replaceChildren(...fresh.childNodes);
  scrolling(main).forEach((table, at) => { table.scrollLeft = places[at] ?? 0; });
  if (held >= 0) focusable(main)[held]?.focus({ preventScroll: true });
}

async function renew() {
  const selecting = !document.getSelection().isCollapsed;
  if (document.hidden || selecting) return;
  try {
    const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(every) });
    if (answer.type === "opaqueredirect") return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!answer.ok || !fresh) throw new Error(answer.status);
    replace(fresh);
    trouble.textContent = "";
  } catch {
    trouble.textContent = "The node does not answer; the figures above are old.";
  }
}

setInterval(renew, every);
document.addEventListener("visibilitychange", renew);

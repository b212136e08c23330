// What every page can do: switch colours, copy code, filter a list.
import { el } from "./dom.js";
import { highlight } from "./code.js";

const THEMES = { auto: "colours as the system", light: "light colours", dark: "dark colours" };

function startTheme(button) {
  const names = Object.keys(THEMES);
  const show = (name) => {
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    button.textContent = name[0].toUpperCase() + name.slice(1);
    button.setAttribute("aria-label", `${button.textContent}: ${THEMES[name]}. Switch.`);
  };
  let now = document.documentElement.dataset.theme ?? "auto";
  show(now);
  button.hidden = false;
  button.addEventListener("click", () => {
    now = names[(names.indexOf(now) + 1) % names.length];
    show(now);
    try {
      localStorage.setItem("xunyuan-colours", now);
    } catch {
      // Not kept then.
    }
  });
}

function startFilter(input) {
  const rows = [...document.querySelectorAll(input.dataset.filters)];
  const none = document.querySelector(".filter-none");
  input.closest(".filter").hidden = false;
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.dataset.words.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of document.querySelectorAll(".code-group")) {
      group.hidden = !group.querySelector(".codes > li:not([hidden])");
    }
    none.hidden = rows.some((row) => !row.hidden);
  };
  input.addEventListener("input", apply);
}

/** A button that copies what `text()` gives. */
export function copyButton(text, label = "Copy") {
  const button = el("button", { type: "button", class: "copy" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy by hand";
    }
    setTimeout(() => (button.textContent = label), 1600);
  });
  return button;
}

const here = document.querySelector(".bar-links [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
for (const button of document.querySelectorAll("button.theme")) startTheme(button);
for (const input of document.querySelectorAll("input[data-filters]")) startFilter(input);
for (const code of document.querySelectorAll("pre > code[data-language]")) {
  code.replaceChildren(...highlight(code.textContent, code.dataset.language));
}
for (const figure of document.querySelectorAll("figure.code")) {
  const code = figure.querySelector("code[data-language], pre code");
  figure.querySelector("figcaption")?.append(copyButton(() => code.textContent));
}

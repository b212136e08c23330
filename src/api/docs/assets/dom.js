// Makes elements. Text always becomes text nodes, never markup.

/** An element with attributes (`on…` functions become listeners, false and null leave an attribute out) and children. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** `prefix-1`, `prefix-2` … for labels and what they label. */
let last = 0;
export function freshId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** Tabs after the ARIA pattern: one stop in the tab order, arrows move. `entries`: {name, panel: Node}. */
export function tabs(label, entries, chosen = 0) {
  const list = el("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const box = el("div", { class: "tabbed" }, list);
  const made = entries.map(({ name, panel, key }) => {
    const id = freshId("tab");
    const tab = el("button", { type: "button", role: "tab", id, "aria-controls": `${id}-panel`, "data-key": key }, name);
    const area = el("div", { role: "tabpanel", id: `${id}-panel`, "aria-labelledby": id }, panel);
    list.append(tab);
    box.append(area);
    return { tab, area };
  });
  const choose = (index, focus) => {
    made.forEach(({ tab, area }, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
      area.hidden = at !== index;
    });
    if (focus) made[index].tab.focus();
  };
  made.forEach(({ tab }, index) => {
    tab.addEventListener("click", () => {
      choose(index);
      box.dispatchEvent(new CustomEvent("tab", { bubbles: true, detail: tab.dataset.key }));
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose((index + step + made.length) % made.length, true);
    });
  });
  choose(Math.min(chosen, made.length - 1));
  box.chooseKey = (key) => {
    const index = made.findIndex(({ tab }) => tab.dataset.key === key);
    if (index >= 0) choose(index);
  };
  return box;
}

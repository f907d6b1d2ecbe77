/* Menus are <details data-menu>, which open and close without this file. It adds closing by Escape and by a click
   elsewhere, arrow keys, the switcher's filter, and the keys that templates/components/key_help.html lists. */

const menus = () => document.querySelectorAll("details[data-menu]");
const switcher = document.querySelector("[data-switcher]");
const isShown = (element) => element.getClientRects().length > 0;

function close(menu, { refocus = false } = {}) {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

function choices(menu) {
  return [...menu.querySelectorAll("a.menu__item, button.menu__item, input")].filter(isShown);
}

/* Arrow keys move through the choices and wrap around at the ends. On the summary they open the menu. */
function walk(menu, key) {
  menu.open = true;
  const list = choices(menu);
  if (!list.length) return;
  const here = list.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here < 0 ? list.length - 1 : here - 1, Home: 0, End: list.length - 1 }[key];
  list[(to + list.length) % list.length].focus();
}

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (menu.open && !menu.contains(event.target)) close(menu);
});

document.addEventListener("focusin", (event) => {
  for (const menu of menus()) if (menu.open && !menu.contains(event.target)) close(menu);
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu]");
  if (event.key === "Escape") {
    const open = menu?.open ? menu : [...menus()].find((each) => each.open);
    if (open) close(open, { refocus: true });
  } else if (menu && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    walk(menu, event.key);
  } else if (menu?.open && ["Home", "End"].includes(event.key) && event.target.tagName !== "INPUT") {
    event.preventDefault();
    walk(menu, event.key);
  }
});

/* Opening a menu focuses its input. */
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.open && event.target.matches("[data-menu]")) event.target.querySelector("[data-menu-focus]")?.focus();
  },
  true,
);

/* --- The switcher's filter ------------------------------------------------------------------------------------ */

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of switcher.querySelectorAll("[data-switcher-group]")) {
    let inGroup = 0;
    for (const entry of group.querySelectorAll("[data-switcher-entry]")) {
      const name = `${group.dataset.switcherGroup} ${entry.dataset.switcherEntry}`.toLowerCase();
      const fits = words.every((word) => name.includes(word));
      entry.parentElement.hidden = !fits;
      inGroup += fits;
    }
    group.hidden = !inGroup;
    found += inGroup;
  }
  switcher.querySelector("[data-switcher-none]").hidden = found > 0;
}

/* htmx may have changed the address since the page was loaded. */
function leadsFromHere(entry) {
  const url = new URL(entry.href);
  if (!url.searchParams.has("from")) return;
  url.searchParams.set("from", location.pathname + location.search);
  entry.href = url;
}

if (switcher) {
  const box = switcher.querySelector("[data-switcher-filter]");
  const input = box.querySelector("input");
  input.addEventListener("input", () => filter(input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") [...switcher.querySelectorAll("[data-switcher-entry]")].find(isShown)?.click();
  });
  switcher.addEventListener("click", (event) => {
    const entry = event.target.closest("[data-switcher-entry]");
    if (entry) leadsFromHere(entry);
  });
  /* The event comes a moment after the opening: what is typed in between stays. */
  switcher.addEventListener("toggle", () => {
    if (switcher.open && matchMedia("(hover: hover)").matches) input.focus();
    if (!switcher.open) filter((input.value = ""));
  });
}

/* --- Keys ------------------------------------------------------------------------------------------------------ */

const help = document.getElementById("key-help");

const everywhere = document.querySelector("[data-search-everything]");

/* The search of this page. Where it has none, `/` opens the one over everything. */
function search() {
  const inputs = document.querySelectorAll("main [data-search], main input[type=search]");
  return [...inputs].find(isShown);
}

const keys = {
  e: () => {
    if (!switcher) return false;
    switcher.open = true;
    switcher.scrollIntoView({ block: "nearest" });
    switcher.querySelector("input").focus();
    return true;
  },
  "/": () => (search() ? (search().focus(), search().select(), true) : everywhere && (everywhere.click(), true)),
  "?": () => help && (help.showModal(), true),
};

let going = -Infinity; // when `g` was pressed, in milliseconds; the next key says where

/* Ctrl+Enter runs the question in which one is, or else the one of the page. */
function run(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest?.("[data-question]") ?? document.querySelector("form[data-question]");
  form?.requestSubmit();
  if (form) event.preventDefault();
}

document.addEventListener("keydown", run);

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const goes = event.timeStamp - going < 2000 && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  going = event.key === "g" ? event.timeStamp : -Infinity;
  if (goes) location.assign(goes.href);
  else if (keys[event.key]?.()) event.preventDefault();
});

for (const button of document.querySelectorAll("[data-opens-key-help]")) {
  button.addEventListener("click", () => {
    close(button.closest("details"));
    help.showModal();
  });
}

help?.addEventListener("click", (event) => {
  if (event.target === help) help.close();
});

/* A drop-down with [data-picks] opens as a search over all there is, not only over its own options. The drop-down itself
   stays what holds the value, so that forms and other scripts need not know of this. Without this file it opens as ever. */

const picker = document.querySelector("[data-picker]");
const [text, list, note] = picker?.children ?? [];
const WAIT = 120; // milliseconds after a key
let select = null; // the drop-down that is open
let active = -1; // the option that Enter takes
let asked = 0;
let timer = 0;

const options = () => [...list.querySelectorAll("[role=option]")];

function part(tag, className, content, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function show(groups, said) {
  let count = 0;
  list.replaceChildren(
    ...groups.map(({ title, found }, number) => {
      const group = part("div", "", "", { role: "group" });
      if (title) {
        group.append(part("div", "menu__heading", title, { id: `picker-group-${number}` }));
        group.setAttribute("aria-labelledby", `picker-group-${number}`);
      }
      for (const [value, label, about] of found) {
        const option = part("div", "picker__option", "", { role: "option", id: `picker-${count++}`, "aria-selected": "false" });
        option.append(part("span", "picker__label", label), part("span", "picker__about faint", about ?? ""));
        option.value = value;
        option.label = label;
        group.append(option);
      }
      return group;
    }),
  );
  note.textContent = said || (count ? "" : "Nothing is called so.");
  const chosen = options().findIndex((option) => option.value === select.value);
  mark(text.value || chosen < 0 ? 0 : chosen);
}

function mark(number) {
  const all = options();
  all[active]?.setAttribute("aria-selected", "false");
  active = Math.max(-1, Math.min(number, all.length - 1));
  const option = all[active];
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) text.setAttribute("aria-activedescendant", option.id);
  else text.removeAttribute("aria-activedescendant");
}

/* What the drop-down has itself is there at once; an empty choice is only there. */
function own() {
  const groups = [...select.children].map((child) => ({
    title: child.label && child.tagName === "OPTGROUP" ? child.label : "",
    found: [...(child.tagName === "OPTION" ? [child] : child.children)].map((each) => [each.value, each.text]),
  }));
  return groups.filter((group) => group.found.length);
}

async function search() {
  const number = ++asked;
  const near = select.closest(".selection, form")?.querySelector("select[data-picks^=events]");
  const query = new URLSearchParams({ of: select.dataset.picks, q: text.value, event: near?.value ?? "" });
  try {
    const response = await fetch(`${picker.dataset.picker}?${query}`, { headers: { Accept: "application/json" } });
    if (response.redirected) return location.reload(); // the session has ended
    const found = await response.json();
    if (number !== asked || !select) return;
    const groups = found.groups.map(([title, found]) => ({ title, found }));
    const empty = own().filter((group) => group.found.some(([value]) => !value));
    show(text.value ? groups : [...empty, ...groups], found.note);
  } catch {
    if (number === asked && select) note.textContent = "The search did not answer.";
  }
}

function open(wanted, typed = "") {
  close();
  select = wanted;
  const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`)?.textContent.trim() ?? "";
  text.setAttribute("aria-label", `${label}: search`);
  text.value = typed;
  picker.showPopover();
  place();
  show(own(), "");
  text.focus();
  search();
}

function place() {
  const box = select.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = picker;
  const below = box.bottom + height <= innerHeight || box.top < height;
  picker.style.left = `${Math.max(0, Math.min(box.left, document.documentElement.clientWidth - width))}px`;
  picker.style.top = `${below ? Math.min(box.bottom, Math.max(0, innerHeight - height)) : box.top - height}px`;
}

function close() {
  if (!select) return;
  clearTimeout(timer);
  asked++;
  select = null;
  picker.hidePopover();
  text.setAttribute("aria-label", "Choices");
}

/* Back to where one came from, whether or not something was chosen. */
function leave() {
  const left = select;
  close();
  left?.focus();
  return left;
}

function choose(option) {
  const chosen = leave();
  if (![...chosen.options].some((each) => each.value === option.value)) chosen.add(new Option(option.label, option.value), 0);
  if (chosen.value === option.value) return;
  chosen.value = option.value;
  for (const name of ["input", "change"]) chosen.dispatchEvent(new Event(name, { bubbles: true }));
}

const opens = (target) => target.closest?.("select[data-picks]:not(:disabled)");

function pressed(event) {
  const wanted = opens(event.target);
  if (wanted && !event.button) {
    event.preventDefault(); // or the browser opens it as well
    if (wanted === select) leave();
    else open(wanted);
  } else if (select && !picker.contains(event.target)) close();
}

if (picker?.showPopover) {
  let swiped = false;
  document.addEventListener("mousedown", pressed);
  document.addEventListener("touchstart", () => (swiped = false), { passive: true });
  document.addEventListener("touchmove", () => (swiped = true), { passive: true });
  document.addEventListener("touchend", (event) => swiped || pressed(event), { passive: false });

  document.addEventListener("keydown", (event) => {
    const wanted = opens(event.target);
    if (!wanted || event.ctrlKey || event.metaKey) return;
    const typed = event.key.length === 1 && event.key !== " " && !event.altKey;
    if (!typed && !["Enter", " ", "F4"].includes(event.key) && !(event.altKey && event.key === "ArrowDown")) return;
    event.preventDefault();
    open(wanted, typed ? event.key : "");
  });

  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT);
  });

  text.addEventListener("keydown", async (event) => {
    const moves = { ArrowDown: active + 1, ArrowUp: Math.max(0, active - 1), PageDown: active + 8, PageUp: Math.max(0, active - 8) };
    if (event.isComposing) return;
    if (event.key in moves) mark(moves[event.key]);
    else if (event.key === "Enter") {
      clearTimeout(timer);
      if (text.value) await search(); // what is shown may be what was typed before
      if (options()[active]) choose(options()[active]);
    } else if (event.key === "Escape") leave();
    else {
      if (event.key === "Tab") leave(); // and on from there
      return;
    }
    event.preventDefault();
  });

  list.addEventListener("mousedown", (event) => event.preventDefault()); // the text keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  picker.addEventListener("focusout", (event) => picker.contains(event.relatedTarget) || close());
  addEventListener("resize", close);
  addEventListener("scroll", (event) => select && !picker.contains(event.target) && place(), { capture: true, passive: true });
}

/* Boxes of a menu: those that contain what was typed, and those that are ticked. */
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  event.stopPropagation();
  const wanted = event.target.value.toLowerCase();
  for (const check of event.target.parentElement.querySelectorAll(".check")) {
    check.hidden = !check.querySelector("input").checked && !check.textContent.toLowerCase().includes(wanted);
  }
});

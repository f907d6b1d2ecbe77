/* Forms of questions, definitions and segments. Without this file, every list of rows ends with an empty row, and people
   type all values by hand. This file adds buttons to add and remove rows, suggestions, and Cancel. */

/* --- Rows that repeat ------------------------------------------------------------------------------------------------
   [data-rows="where"] has rows [data-row="where.0"]. The row with data-spare is empty and becomes the pattern. */

const patterns = new WeakMap();

/* Only direct children, because a row of the list may contain further lists. */
function prepareList(list) {
  if (patterns.has(list)) return;
  const spare = [...list.children].find((each) => each.matches("[data-spare]"));
  const button = [...list.children].find((each) => each.matches("[data-add-row]"));
  if (!spare || !button) return;
  patterns.set(list, { html: spare.outerHTML, prefix: spare.dataset.row, next: number(spare.dataset.row) });
  spare.remove();
  refresh(list);
}

const number = (prefix) => Number(prefix.slice(prefix.lastIndexOf(".") + 1));

function add(list) {
  const pattern = patterns.get(list);
  const stem = pattern.prefix.slice(0, pattern.prefix.lastIndexOf("."));
  const prefix = `${stem}.${pattern.next++}`;
  const holder = document.createElement("div");
  holder.innerHTML = pattern.html;
  const row = holder.firstElementChild;
  row.removeAttribute("data-spare");
  rename(row, pattern.prefix, prefix);
  [...list.children].find((each) => each.matches("[data-add-row]")).before(row);
  htmx.process(row);
  prepare(row);
  if (row.matches(".condition-group")) add(row.querySelector("[data-rows]"));
  changed(list);
  row.querySelector("select, input")?.focus();
  return row;
}

/* "where.2.field" and "id-where.2.field" become "where.5.field" and "id-where.5.field". */
function rename(row, from, to) {
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const name of ["id", "name", "for", "list", "aria-describedby", "data-row", "data-rows", "hx-params"]) {
      const value = element.getAttribute(name);
      if (!value) continue;
      const renamed = value.split(",").map((each) => {
        const start = each.startsWith("id-") ? 3 : 0;
        return each.startsWith(from, start) ? each.slice(0, start) + to + each.slice(start + from.length) : each;
      });
      element.setAttribute(name, renamed.join(","));
    }
  }
}

/* "all of" only matters if there are two or more conditions, or groups of them. */
function refresh(list) {
  const rows = [...list.children].filter((each) => each.matches("[data-row]"));
  const groups = list.querySelectorAll(":scope > .condition-groups > [data-row]:not([data-spare])");
  list.classList.toggle("has-several", rows.length + groups.length > 1);
  list.classList.toggle("is-empty", rows.length === 0);
  if (list.dataset.label) callByPlace(rows, list.dataset.label, list.dataset.letters);
}

function changed(list) {
  refresh(list);
  if (list.matches(".condition-groups")) refresh(list.parentElement);
  list.dispatchEvent(new Event("rows-changed", { bubbles: true }));
}

/* Steps are numbered by their position, whatever the numbers of their parameters; series have letters. */
function callByPlace(rows, name, letters) {
  rows.forEach((row, index) => {
    const label = `${name} ${letters?.[index] ?? index + 1}`;
    row.setAttribute("aria-label", label);
    row.querySelector("label").textContent = label;
    row.querySelector("[data-remove-row]").setAttribute("aria-label", `Remove ${label}`);
  });
}

document.addEventListener("click", (event) => {
  const adds = event.target.closest("[data-add-row]");
  if (adds) add(adds.parentElement);
  const removes = event.target.closest("[data-remove-row]");
  if (!removes) return;
  const row = removes.closest("[data-row]");
  const list = row.parentElement.closest("[data-rows]");
  row.remove();
  changed(list);
  list.querySelector("[data-add-row]")?.focus();
});

/* --- Comparisons without a value hide its input ----------------------------------------------------------------------- */

function showValue(select) {
  const value = select.closest(".condition-row")?.querySelector(".condition-row__value");
  if (value) value.hidden = ["exists", "not_exists"].includes(select.value);
}

document.addEventListener("change", (event) => {
  if (event.target.name?.endsWith(".op")) showValue(event.target);
});

/* --- Suggestions: loaded when a value gets the focus, once per field and what is typed ---------------------------------- */

let typing = 0;

function suggest(input) {
  const box = input.closest?.("[data-suggest]");
  const field = box?.closest(".condition-row").querySelector("select").value;
  const wanted = `${field} ${input.value}`;
  if (!field || box.dataset.has === wanted) return;
  box.dataset.has = wanted;
  htmx.trigger(box, "suggest");
}

document.addEventListener("focusin", (event) => event.target.tagName === "INPUT" && suggest(event.target));
document.addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(suggest, 200, event.target);
});

/* --- A token for every run, by which Cancel can stop it ---------------------------------------------------------------- */

let token = "";

/* Leaves out empty rows and choices, which would only make the URL longer, and the token, which must not be in a URL. */
function leaveOut(data) {
  for (const [name, value] of [...data.entries()]) {
    if (value === "" || name === "csrfmiddlewaretoken") data.delete(name);
  }
}

document.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.elt;
  if (form.matches("[data-question], [data-previewed]")) leaveOut(event.detail.formData);
  if (!form.matches("[data-question], [data-slow]")) return;
  token = [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
  event.detail.headers["X-Query-Token"] = token;
  for (const button of document.querySelectorAll("[data-cancel]")) button.hidden = false;
});

/* Where the form has no room beside the answer, it makes way for it. */
document.addEventListener("htmx:beforeRequest", (event) => {
  const builder = event.detail.elt.matches("[data-question]") && event.detail.elt.closest("[data-builder]");
  if (!builder || matchMedia("(min-width: 68.75rem)").matches) return;
  if (builder.contains(document.activeElement)) builder.querySelector("summary").focus();
  builder.open = false;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-cancel]");
  if (button) htmx.ajax("POST", button.dataset.cancel, { values: { token }, swap: "none" });
});

/* --- New parts of the page ---------------------------------------------------------------------------------------------- */

function prepare(root) {
  for (const list of [root, ...root.querySelectorAll("[data-rows]")]) {
    if (list.matches?.("[data-rows]")) prepareList(list);
  }
  for (const select of root.querySelectorAll("select[name$='.op']")) showValue(select);
}

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

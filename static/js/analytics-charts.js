/* Charts: a tip with a bucket's numbers, for the pointer, a finger and the keyboard, made of the titles in the drawing;
   a click on a bar or a point, or Enter, which opens what is behind its number, as the button in the table does;
   and a legend that hides and shows series (chart-scale.js then draws the rest to their own scale). */

/* Moves the titles into data attributes, because otherwise the browser would show its own tips above ours. Without this
   file nothing can be chosen in a plot, so that only here it becomes a stop for the keyboard. */
function prepare(root) {
  for (const title of root.querySelectorAll("[data-chart] :is(.chart__hover, .chart__mark) > title")) {
    title.parentElement.dataset.tip = title.textContent;
    title.remove();
  }
  for (const plot of root.querySelectorAll("[data-chart] .chart__plot")) {
    plot.querySelector(":scope > title")?.remove();
    plot.setAttribute("tabindex", "0");
  }
  for (const item of root.querySelectorAll("[data-legend] span[data-series]")) makeButton(item);
}

function makeButton(item) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = item.className;
  button.dataset.series = item.dataset.series;
  button.setAttribute("aria-pressed", "true");
  button.append(...item.childNodes);
  item.replaceWith(button);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-series]");
  if (!button) return;
  const chart = button.closest("[data-chart]");
  const shown = button.getAttribute("aria-pressed") === "false";
  button.setAttribute("aria-pressed", String(shown));
  for (const part of chart.querySelectorAll(`.chart__series.${button.dataset.series}`)) {
    part.classList.toggle("is-off", !shown);
  }
  chart.dispatchEvent(new CustomEvent("chart-series", { bubbles: true }));
});

/* In a part that comes anew by itself, series that were hidden stay hidden. Which colour a series has may change. */
let hidden = [];

function nameOf(button) {
  return button.querySelector(".truncate").textContent;
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches?.("[data-stays-as-read]")) return;
  hidden = [...detail.target.querySelectorAll('button[data-series][aria-pressed="false"]')].map(nameOf);
});

function hideAgain(root) {
  if (!root.matches?.("[data-stays-as-read]")) return;
  for (const button of root.querySelectorAll("button[data-series]")) if (hidden.includes(nameOf(button))) button.click();
}

/* --- The tip ------------------------------------------------------------------------------------------------------------ */

let tip = null;
let here = null; // the bucket whose numbers it shows

function rows(hover) {
  const [name, ...values] = hover.dataset.tip.split("\n");
  if (hover.matches(".chart__mark")) return [words(name, "chart__tip-title"), ...values.map((text) => words(text, "chart__tip-note"))];
  const legend = [...hover.closest("[data-chart]").querySelectorAll("button[data-series]")];
  return [words(name, "chart__tip-title"), ...values.flatMap((text, index) => row(text, legend[index % legend.length]))];
}

function words(text, className) {
  const line = document.createElement("p");
  line.className = className;
  line.textContent = text;
  return line;
}

function row(text, item) {
  if (item?.getAttribute("aria-pressed") === "false") return [];
  const cut = text.lastIndexOf(": ");
  const line = document.createElement("p");
  line.className = `chart__tip-row ${item ? item.dataset.series : "series-1"}`;
  const key = document.createElement("span");
  key.className = "legend__key";
  const label = document.createElement("span");
  label.className = "truncate";
  label.textContent = text.slice(0, cut);
  const value = document.createElement("span");
  value.className = "chart__tip-value";
  value.textContent = text.slice(cut + 2);
  line.append(key, label, " ", value);
  return [line];
}

/* Shows a bucket's numbers beside a place in the window: where the pointer is, or the middle of the bucket. */
function show(hover, x, y) {
  const chart = hover.closest("[data-chart]");
  if (tip?.parentElement !== chart) hide();
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "chart__tip";
    tip.setAttribute("aria-hidden", "true");
    chart.append(tip);
  }
  if (here !== hover) {
    here?.classList.remove("is-shown");
    here = hover;
    here.classList.add("is-shown");
    tip.replaceChildren(...rows(hover));
  }
  place(chart, x, y);
}

function place(chart, x, y) {
  const box = chart.getBoundingClientRect();
  const gap = 16;
  const left = x - box.left;
  const flip = left + gap + tip.offsetWidth > box.width;
  tip.style.left = `${Math.max(0, flip ? left - gap - tip.offsetWidth : left + gap)}px`;
  tip.style.top = `${Math.max(0, y - box.top - tip.offsetHeight / 2)}px`;
}

function hide() {
  tip?.remove();
  here?.classList.remove("is-shown");
  tip = here = null;
}

function follow(event) {
  const hover = event.target.closest?.(".chart__hover[data-tip], .chart__mark");
  if (!hover) return hide();
  show(hover, event.clientX, event.clientY);
  hover.classList.toggle("is-open", !!buttonAt(hover, event.clientX, event.clientY));
}

/* --- What is behind a number -------------------------------------------------------------------------------------------- */

const NEAR = 16; // pixels around a point

/* The button in the table of the number that a mark draws; none on tiles, whose numbers lead to the report. */
function buttonOf(mark) {
  return document.querySelector(`button[form="behind"][value^="${mark.dataset.at}~"]`);
}

function distance(mark, x, y) {
  const box = mark.getBoundingClientRect();
  const aside = Math.max(box.left - x, 0, x - box.right);
  const above = Math.max(box.top - y, 0, y - box.bottom);
  return Math.hypot(aside, above);
}

function bucketOf(hover, plot) {
  return [...plot.querySelectorAll(".chart__hover")].indexOf(hover);
}

/* Bars and points of a bucket that are shown, and have something behind them; a node of a flow, and a bucket of too many for
   points, is one itself. */
function marksOf(hover) {
  if (hover.dataset.at) return [hover];
  const plot = hover.closest(".chart__plot");
  if (!plot) return [];
  const bucket = bucketOf(hover, plot);
  return [...plot.querySelectorAll(`[data-at$=".${bucket}"]`)].filter((mark) => !mark.closest(".is-off"));
}

function buttonAt(hover, x, y) {
  const near = marksOf(hover)
    .map((mark) => [distance(mark, x, y), mark])
    .filter(([far]) => far <= NEAR)
    .sort(([one], [other]) => one - other);
  return near.length ? buttonOf(near[0][1]) : null;
}

/* A finger sees the numbers first: only a second tap opens what is behind them. */
function open(event) {
  const hover = event.target.closest?.(".chart__hover[data-tip]");
  if (!hover || (event.pointerType === "touch" && hover !== here)) return;
  buttonAt(hover, event.clientX, event.clientY)?.click();
}
document.addEventListener("click", open);

/* A finger has no place between its taps: what it shows stays until the next tap. */
document.addEventListener("pointermove", (event) => event.pointerType === "touch" || follow(event));
document.addEventListener("pointerleave", (event) => event.pointerType === "touch" || hide(), true);
document.addEventListener("click", follow);

function step(plot, key) {
  const all = [...plot.querySelectorAll(".chart__hover[data-tip]")];
  const at = all.indexOf(here);
  const next = { ArrowRight: at + 1, ArrowLeft: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[key];
  return all[Math.min(all.length - 1, Math.max(0, next))];
}

document.addEventListener("keydown", (event) => {
  const plot = event.target.closest?.("[data-chart] .chart__plot");
  if (event.key === "Escape") hide();
  if (event.key === "Enter" && plot && here) marksOf(here).map(buttonOf).find(Boolean)?.click();
  if (!plot || !["ArrowRight", "ArrowLeft", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const hover = step(plot, event.key);
  showInMiddle(hover, hover.querySelector(".chart__target"));
  fillIn(hover);
  tip.removeAttribute("aria-hidden");
  tip.setAttribute("role", "status");
});

document.addEventListener("focusout", (event) => event.target.matches?.(".chart__plot, .chart__mark") && hide());

function showInMiddle(hover, part) {
  const box = part.getBoundingClientRect();
  show(hover, box.left + box.width / 2, box.top + box.height / 2);
}

/* --- Notes -------------------------------------------------------------------------------------------------------------- */

document.addEventListener("focusin", (event) => event.target.matches?.(".chart__mark") && showInMiddle(event.target, event.target));

/* The button for a new note means the bucket that was chosen last, by a click, a finger or the keyboard. */
function fillIn(hover) {
  const button = hover.closest("[data-chart]").querySelector("[data-adds-note]");
  const plot = hover.closest(".chart__plot");
  const at = plot && button?.dataset.addsNote.split(" ")[bucketOf(hover, plot)];
  if (!at || at === "-") return;
  const [day, time] = at.split("T");
  const url = new URL(button.href);
  url.searchParams.set("day", day);
  if (time) url.searchParams.set("time", time);
  button.href = url.href;
  button.querySelector("[data-note-when]").textContent = `: ${hover.dataset.tip.split("\n")[0]}`;
}

/* A finger sees the note where it is; others follow the mark to the list. */
document.addEventListener("click", (event) => {
  const hover = event.target.closest?.(".chart__hover[data-tip], .chart__mark");
  if (hover?.matches(".chart__hover")) fillIn(hover);
  else if (hover && event.pointerType === "touch") event.preventDefault();
});

/* --- A link to copy ------------------------------------------------------------------------------------------------------ */

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-copy-link]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(link.href);
    const label = link.querySelector("span");
    const before = (label.dataset.before ??= label.textContent);
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = before), 2000);
  } catch {
    location.assign(link.href);
  }
});

prepare(document);
document.addEventListener("htmx:load", ({ detail }) => {
  prepare(detail.elt);
  hideAgain(detail.elt);
});

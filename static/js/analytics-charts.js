/* Charts: a tip beside the pointer, made of the titles in the drawing, and a legend that hides and shows series. */

/* Moves the titles into data attributes, because otherwise the browser would show its own tips above ours. */
function prepare(root) {
  for (const title of root.querySelectorAll("[data-chart] .chart__hover > title")) {
    title.parentElement.dataset.tip = title.textContent;
    title.remove();
  }
  for (const title of root.querySelectorAll("[data-chart] .chart__plot > title")) title.remove();
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
  const shown = button.getAttribute("aria-pressed") === "false";
  button.setAttribute("aria-pressed", String(shown));
  for (const part of button.closest("[data-chart]").querySelectorAll(`.chart__series.${button.dataset.series}`)) {
    part.classList.toggle("is-off", !shown);
  }
});

/* --- The tip ------------------------------------------------------------------------------------------------------------ */

let tip = null;

function rows(hover) {
  const [name, ...values] = hover.dataset.tip.split("\n");
  const legend = [...hover.closest("[data-chart]").querySelectorAll("button[data-series]")];
  const title = document.createElement("p");
  title.className = "chart__tip-title";
  title.textContent = name;
  return [title, ...values.flatMap((text, index) => row(text, legend[index]))];
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
  line.append(key, label, value);
  return [line];
}

function place(chart, event) {
  const box = chart.getBoundingClientRect();
  const gap = 16;
  const left = event.clientX - box.left;
  const flip = left + gap + tip.offsetWidth > box.width;
  tip.style.left = `${Math.max(0, flip ? left - gap - tip.offsetWidth : left + gap)}px`;
  tip.style.top = `${Math.max(0, event.clientY - box.top - tip.offsetHeight / 2)}px`;
}

document.addEventListener("pointermove", (event) => {
  const hover = event.target.closest?.(".chart__hover[data-tip]");
  if (!hover) return hide();
  const chart = hover.closest("[data-chart]");
  if (tip?.parentElement !== chart) hide();
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "chart__tip";
    tip.setAttribute("aria-hidden", "true");
    chart.append(tip);
  }
  if (tip.dataset.of !== hover.dataset.tip) {
    tip.replaceChildren(...rows(hover));
    tip.dataset.of = hover.dataset.tip;
  }
  place(chart, event);
});

function hide() {
  tip?.remove();
  tip = null;
}

document.addEventListener("pointerleave", hide, true);

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
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

/* For all pages: what is cut, whole on hover, texts to copy, notices to close, relative times, a name to type before removing something, and the line
   that shows that htmx is loading. It also handles parts that htmx adds later. */

function within(root, selector) {
  return [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
}

/* --- What is cut with an ellipsis is whole on hover -------------------------------------------------------------- */

function isCut(element) {
  const style = getComputedStyle(element);
  if (style.webkitLineClamp !== "none") return element.scrollHeight > element.clientHeight;
  return style.textOverflow === "ellipsis" && element.scrollWidth > element.clientWidth;
}

document.addEventListener("pointerover", (event) => {
  const element = event.target;
  if (element.matches("select")) element.title = element.selectedOptions[0]?.text ?? "";
  else if (!element.title && isCut(element)) element.title = element.textContent.trim();
});

/* --- A part that comes anew by itself: what was opened stays open, and a chart stays while its numbers are looked at; not
   for ever, because a pointer may rest there all day ------------------------------------------------------------------- */

const MOST_HELD = 12; // times, with the same numbers looked at: a minute
let opened = [];
let looked; // at these numbers
let held = 0;

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches?.("[data-stays-as-read]")) return;
  opened = [...detail.target.querySelectorAll("details[id][open]")].map((each) => each.id);
  const now = detail.target.querySelector(".chart__tip")?.textContent;
  held = now === looked ? held + 1 : 0;
  looked = now;
  if (now !== undefined && held < MOST_HELD) detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of opened.splice(0)) document.getElementById(id)?.setAttribute("open", "");
});

/* --- Copy ------------------------------------------------------------------------------------------------------ */

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

/* Without HTTPS browsers have no clipboard API: this selects the text and tries the older command. */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    select(element);
    return document.execCommand("copy");
  }
}

async function copyFrom(button) {
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = (label.dataset.before ??= label.textContent);
  const done = await copy(button.parentElement.querySelector("[data-copy-text]"));
  label.textContent = done ? "Copied" : "Selected";
  setTimeout(() => (label.textContent = before), 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-closes-notice]");
  if (button?.matches("[data-copy]")) copyFrom(button);
  else button?.closest(".notice").remove();
});

/* --- Enter sends a form from a field of several lines, Shift and Enter begin a new line --------------------------- */

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-enter-submits]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

/* --- Relative times: the words of Django's `naturaltime`, for times less than a day ago ---------------------------- */

const units = [
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

function ago(then) {
  const seconds = Math.floor((Date.now() - then) / 1000);
  if (seconds < 1) return "now";
  const [size, unit] = units.find(([least]) => seconds >= least);
  const count = Math.floor(seconds / size);
  if (count > 1) return `${count}\u00a0${unit}s ago`;
  return unit === "hour" ? "an hour ago" : `a ${unit} ago`;
}

function refreshTimes(root) {
  for (const time of within(root, "time[data-relative]")) {
    const then = Date.parse(time.dateTime);
    const age = Date.now() - then;
    if (age > 0 && age < 86_400_000) time.textContent = ago(then);
  }
}

setInterval(() => document.hidden || refreshTimes(document), 10_000);

/* --- A name to type before something is removed; the server checks it again ------------------------------------------ */

function guard(input) {
  const button = input.form.querySelector("[type=submit]");
  const check = () => (button.disabled = input.value.trim() !== input.dataset.mustEqual);
  input.addEventListener("input", check);
  check();
}

/* --- Ticking all rows of a table, and telling how many are ticked ------------------------------------------------------ */

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-ticks]");
  if (!form) return;
  const ticks = [...form.querySelectorAll("[name=item]")];
  if (event.target.matches("[data-tick-all]")) for (const tick of ticks) tick.checked = event.target.checked;
  const count = ticks.filter((tick) => tick.checked).length;
  form.querySelector("[data-tick-count]").textContent = count ? `(${count} of ${ticks.length})` : "";
});

/* --- The browser's time zone, where one is asked for ------------------------------------------------------------------ */

const zones = document.querySelector("select[data-own-time-zone]");
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && [...zones.options].some(({ value }) => value === ownZone)) zones.value = ownZone;

/* --- New parts of the page ------------------------------------------------------------------------------------------ */

function prepare(root) {
  for (const input of within(root, "[data-must-equal]")) guard(input);
  refreshTimes(root);
}

/* Scrolls the tab of this page into view: on a narrow screen it may be beyond the edge. */
function showTab(tabs) {
  const current = tabs.querySelector("[aria-current]");
  if (current) tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
}

document.querySelectorAll(".tabs").forEach(showTab);
prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

/* --- htmx: loading and errors ----------------------------------------------------------------------------------------
   Requests that repeat by themselves (hx-trigger="every …") do not show the line. */

const line = document.querySelector("[data-page-progress]");
let running = 0;

function count(step) {
  return (event) => {
    const quiet = event.detail.elt.getAttribute("hx-trigger")?.includes("every");
    if (quiet) return;
    running = Math.max(0, running + step);
    line?.classList.toggle("is-busy", running > 0);
  };
}

document.addEventListener("htmx:beforeRequest", count(1));
document.addEventListener("htmx:afterRequest", count(-1));

function failure() {
  return document.querySelector("[data-htmx-failure]");
}

/* Shows one notice at a time. It disappears when the same request works again, not when another one does. */
function tell(event, text) {
  const box = document.getElementById("messages");
  if (!box || failure()) return;
  const notice = document.createElement("p");
  notice.className = "notice notice--error";
  notice.dataset.htmxFailure = event.detail.pathInfo.requestPath;
  notice.role = "alert";
  notice.textContent = text;
  box.append(notice);
}

const refusals = {
  403: "You may not do that any more. Reload the page to see what has changed.",
  404: "That is gone. Reload the page to see what has changed.",
};

document.addEventListener("htmx:sendError", (event) => {
  tell(event, "The server could not be reached. What you see may be out of date.");
});

document.addEventListener("htmx:responseError", (event) => {
  tell(event, refusals[event.detail.xhr.status] ?? "That did not work. Try again in a moment.");
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { successful, pathInfo } = event.detail;
  if (successful && failure()?.dataset.htmxFailure === pathInfo.requestPath) failure().remove();
});

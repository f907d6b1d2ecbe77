// The bar: whether clicks label or use the page, what is shown on it, and the end.
const status = make("p", { class: "status", role: "status" });
const spoken = make("p", { class: "spoken", role: "status" });
const list = make("div", { class: "list" });
const labelMode = button("Label", () => use(false));
const useMode = button("Use the page", () => use(true));
const shown = make(
  "select",
  { "aria-label": "Show on the page", onchange: () => show(shown.value) },
  make("option", { value: "" }, "Show nothing"),
  make("option", { value: "definitions" }, "Show definitions"),
  make("option", { value: "clicks" }, "Show all clicks")
);
const side = button("To the top", toOtherSide, { class: "quiet" });
const tools = make(
  "div",
  { class: "tools" },
  make("div", { class: "modes", role: "group", "aria-label": "What a click does" }, labelMode, useMode),
  shown,
  side,
  button("End", () => finish("Labelling has ended."), { class: "quiet" })
);
const bar = make("section", { class: "bar", "aria-label": "Labelling" }, status, tools, list);
const stage = make("div", { class: "stage", popover: "manual" }, layer, bar, spoken);
root.append(stage, panel);

// The bar lies above all of the page, dialogs of before included. Some pages throw away what they did not make.
function attach() {
  if (host.isConnected) return;
  if (panel.open) panel.close();
  document.documentElement.append(host);
  if (stage.showPopover) stage.showPopover();
}

// A modal dialog silences what is beside it.
function say(words) {
  const place = panel.open ? panel : stage;
  if (spoken.parentNode !== place) place.append(spoken);
  spoken.textContent = words;
}

function use(isUsing) {
  remember({ isUsing });
  unhover();
  fillBar();
}

function show(what) {
  remember({ shown: what });
  loadMarks();
}

function toOtherSide() {
  const isTop = bar.classList.toggle("top");
  side.textContent = isTop ? "To the bottom" : "To the top";
}

function fillBar() {
  const { project, environment, ends_at: endsAt, may_save: maySave, isUsing } = session;
  const until = new Date(endsAt).toLocaleTimeString("en-GB", { timeStyle: "short" });
  labelMode.setAttribute("aria-pressed", String(!isUsing));
  useMode.setAttribute("aria-pressed", String(isUsing));
  shown.value = session.shown;
  status.replaceChildren(
    make("strong", {}, `${short(project, 60)} › ${short(environment, 60)}`),
    isUsing
      ? " The page works as always. Nothing is collected in this tab."
      : " Click an element, or reach it with Tab and press Enter. Escape: use the page.",
    ` Until ${until}.`,
    maySave ? "" : " You may look."
  );
}

function showList(words, times, isCut) {
  const rows = session && session.shown && times ? (session.shown === "clicks" ? [] : [...known.definitions]) : [];
  rows.sort((a, b) => Boolean(times.get(b)) - Boolean(times.get(a)));
  list.replaceChildren(
    ...[
      words ? make("p", { role: "status" }, words) : null,
      times && session.shown === "clicks" ? make("p", { role: "status" }, clicksFound(times)) : null,
      times && session.shown !== "clicks" && !rows.length ? make("p", { role: "status" }, "Nothing is defined on this page yet.") : null,
      rows.length ? make("ul", { "aria-label": "Defined on this page", tabindex: "0" }, rows.map((each) => definedOf(each, times, isCut))) : null,
      isCut ? make("p", { class: "hint" }, `The first ${MOST_MARKS} elements are marked.`) : null,
    ].filter(Boolean)
  );
}

function clicksFound(times) {
  const all = known.clicks.reduce((sum, each) => sum + each.events, 0);
  if (!all) return "No clicks on this page in the last 7 days.";
  const here = [...times.keys()].reduce((sum, each) => sum + each.events, 0);
  return `${counted(all, "clicks")} on this page in the last 7 days, ${counted(here, "clicks")} of them on elements that are here now.`;
}

function definedOf(definition, times, isCut) {
  const number = definition.last_7 === null ? "not counted" : `${counted(definition.last_7, "events")} in 7 days`;
  const elements = `at ${counted(times.get(definition) || 0, "elements")}${isCut ? " or more" : ""}`;
  const here = isCut || times.get(definition) ? elements : "at no element that is here now";
  return make("li", {}, link(short(definition.name, 80), definition.url), ` ${number}, ${here}`);
}

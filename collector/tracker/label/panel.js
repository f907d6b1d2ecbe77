// The panel about one element. A modal dialog: the browser keeps the focus in it, closes it on Escape, and shows it above
// dialogs of the page.
const LABELS = {
  target_tag: "Element tag", target_text: "Target text", target_href: "Href", target_id: "Element id",
  target_class: "Element class", target_hierarchy: "Hierarchy", domain: "Domain", path: "Path", query: "Query",
  hash: "Hash", title: "Title",
};
const OPERATOR_WORDS = {
  is: "is", is_not: "is not", contains: "contains", not_contains: "does not contain", matches: "matches (with *)",
  one_of: "is one of", none_of: "is none of", exists: "exists", not_exists: "does not exist",
  greater: "is greater than", less: "is less than",
};
const ASK_AFTER_MS = 250; // people change several conditions in a row
const panel = make("dialog", { class: "panel", "aria-labelledby": "panel-title", onclose: closed, onclick: beside });
let choice = null; // what the panel is about: {element, page, event, conditions, scopes, scope, counting}

async function openPanel(found) {
  const { sent } = found;
  const element = { tag: sent.n, text: sent.x, href: sent.h, id: sent.i, class: sent.c, hierarchy: sent.y };
  choice = { element, page: thisPage(), sent };
  const mine = choice;
  picked.around(found.target, nameOf(sent));
  unhover();
  const close = button("Close", () => panel.close(), { class: "quiet" });
  const title = make("h2", { id: "panel-title", tabindex: "-1" }, `Click on ${nameOf(sent)}`);
  panel.replaceChildren(make("header", {}, title, close), detailsOf(element), make("div", { class: "content" }));
  fillPanel(make("p", { role: "status" }, "Counting…"));
  const rect = found.target.getBoundingClientRect();
  panel.classList.toggle("left", rect.left + rect.width / 2 > innerWidth / 2); // beside what it is about
  if (!panel.open) panel.showModal();
  title.focus();
  try {
    const proposal = await ask("element", { event: "kind:click", element, page: mine.page });
    if (choice !== mine) return;
    Object.assign(mine, proposal);
    fillPanel(...proposed());
    showCounts(proposal.counts, proposal.covered_by, proposal.counts_error);
  } catch (error) {
    if (choice === mine) fillPanel(...failed(error, () => openPanel(found)));
  }
}

// The head stays where it is, and with it the focus.
function fillPanel(...content) {
  panel.querySelector(".content").replaceChildren(...content.flat(Infinity));
}

function failed(error, again) {
  const words = make("p", { class: "error", role: "alert" }, error.message || String(error));
  return session ? [words, button("Try again", again)] : [words];
}

function detailsOf(element) {
  const rows = [["Tag", element.tag], ["Text", element.text], ["Id", element.id], ["Classes", element.class], ["Href", element.href]];
  const out = leftOut();
  return make(
    "div",
    {},
    out ? make("p", { class: "error" }, out) : null,
    make("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [make("dt", {}, name), make("dd", {}, short(value, 300))])),
    make("details", {}, make("summary", {}, "Hierarchy"), make("ol", { class: "levels" }, levelsOf(element.hierarchy)))
  );
}

function levelsOf(hierarchy) {
  const levels = (hierarchy || "").split("|").filter(Boolean);
  return levels.map((level) => make("li", {}, short(level.replace(/^@/, "").replace(/;/g, ""), 120)));
}

function proposed() {
  const name = make("input", { id: "name", name: "name", maxlength: "200", autocomplete: "off", "aria-describedby": "name-error" });
  name.value = choice.name || "";
  const save = make(
    "form",
    { class: "save", novalidate: true, onsubmit: submitted },
    make("label", { for: "name" }, "Name of the definition"),
    name,
    make("p", { id: "name-error", class: "error", role: "alert" }),
    make("button", { class: "main" }, "Save")
  );
  return [
    make(
      "fieldset",
      {},
      make("legend", {}, "Conditions"),
      choice.conditions.length ? null : make("p", { class: "hint" }, "None: nothing about this element stays the same."),
      choice.conditions.map(conditionOf)
    ),
    make("fieldset", {}, make("legend", {}, "Where"), choice.scopes.map(scopeOf)),
    make("section", { class: "counts", "aria-label": "The past" }),
    session.may_save ? save : make("p", { class: "hint" }, "You may look. People who may edit this environment can save."),
  ];
}

function conditionOf(condition, at) {
  const id = `condition-${at}`;
  const box = make("input", { type: "checkbox", id, onchange: recount });
  box.checked = condition.ticked;
  box.addEventListener("change", () => (condition.ticked = box.checked));
  const words = make("span", {}, short(condition.words || wordsOf(condition), 300));
  const operator = make("select", { "aria-label": `Operator for ${labelOf(condition)}`, onchange: edited });
  operator.append(...Object.keys(OPERATOR_WORDS).map((each) => make("option", { value: each }, OPERATOR_WORDS[each])));
  operator.value = condition.operator;
  const value = make("input", { "aria-label": `Value for ${labelOf(condition)}`, maxlength: "1024", oninput: edited, autocomplete: "off" });
  value.value = condition.value || "";
  const fields = make("div", { class: "fields", id: `${id}-fields`, hidden: true }, operator, value);
  const edit = button("Edit", () => {
    fields.hidden = !fields.hidden;
    edit.setAttribute("aria-expanded", String(!fields.hidden));
    if (!fields.hidden) operator.focus();
  }, { class: "quiet", "aria-expanded": "false", "aria-controls": `${id}-fields`, "aria-label": `Edit ${labelOf(condition)}` });
  function edited() {
    Object.assign(condition, { operator: operator.value, value: value.value });
    box.checked = condition.ticked = true;
    words.textContent = short(wordsOf(condition), 300);
    value.hidden = /exists$/.test(condition.operator);
    recount();
  }
  value.hidden = /exists$/.test(condition.operator);
  return make("div", { class: "condition" }, make("label", { for: id }, box, words), edit, fields);
}

function labelOf({ property }) {
  const [, source, key] = /^(\w+):([^]*)$/.exec(property) || [];
  return (source === "event" && LABELS[key]) || short(key || property, 80);
}

function wordsOf(condition) {
  const value = /exists$/.test(condition.operator) ? "" : ` “${condition.value}”`;
  return `${labelOf(condition)} ${OPERATOR_WORDS[condition.operator] || condition.operator}${value}`;
}

function scopeOf(scope) {
  const radio = make("input", { type: "radio", name: "scope", value: scope.name, onchange: () => recount((choice.scope = scope.name)) });
  radio.checked = scope.name === choice.scope;
  return make("label", { class: "scope" }, radio, make("span", {}, short(scope.words, 300)));
}

// The conditions that the definition would have, as the server takes them.
function chosen() {
  const scope = choice.scopes.find((each) => each.name === choice.scope);
  const all = choice.conditions.filter((each) => each.ticked).concat(scope ? scope.conditions : []);
  return all.map(({ property, operator, value }) => ({ property, operator, value }));
}

function recount() {
  const mine = choice;
  clearTimeout(mine.timer);
  if (mine.counting) mine.counting.abort();
  const counting = (mine.counting = new AbortController());
  panel.querySelector(".counts").setAttribute("aria-busy", "true");
  mine.timer = setTimeout(async () => {
    const { event, element, page } = mine;
    try {
      const counts = await ask("counts", { event, conditions: chosen(), element, page }, counting);
      if (choice === mine && mine.counting === counting) showCounts(counts, counts.covered_by);
    } catch (error) {
      if (choice === mine && mine.counting === counting) showCounts(null, null, error.message);
    }
  }, ASK_AFTER_MS);
}

function showCounts(counts, coveredBy, error) {
  const place = panel.querySelector(".counts");
  if (!place) return;
  place.setAttribute("aria-busy", "false");
  place.replaceChildren(
    ...(counts ? countsOf(counts, coveredBy).filter(Boolean) : failed(new Error(error || "It could not be counted."), recount))
  );
  const week = counts && `${counted(counts.last_7.events, "events")} in the last 7 days, ${counted(counts.last_30.events, "events")} in 30`;
  say(week || "");
}

async function submitted(event) {
  event.preventDefault();
  const mine = choice;
  const form = event.target;
  const [name, error, save] = [form.querySelector("input"), form.querySelector(".error"), form.querySelector("button")];
  const refuse = (words) => {
    error.textContent = words;
    name.setAttribute("aria-invalid", "true");
    name.focus();
  };
  if (!name.value.trim()) return refuse("Give it a name.");
  save.disabled = true;
  try {
    const saved = await ask("save", { name: name.value.trim(), event: mine.event, conditions: chosen() });
    if (choice !== mine) return;
    fillPanel(
      make("p", { class: "saved", role: "status" }, "Defined: ", link(short(saved.name, 200), saved.url), ". Its past is counted already."),
      button("Label another element", () => panel.close(), { class: "main" })
    );
    panel.querySelector(".main").focus();
    loadMarks();
  } catch (problem) {
    save.disabled = false;
    if (choice === mine) refuse(problem.message);
  }
}

// A click beside the panel closes it, if nothing was written.
function beside(event) {
  if (event.target !== panel) return;
  const rect = panel.getBoundingClientRect();
  const isIn = event.clientX >= rect.left && event.clientX <= rect.right && event.clientY >= rect.top && event.clientY <= rect.bottom;
  const name = panel.querySelector("#name");
  if (!isIn && !(name && name.value !== (choice.name || ""))) panel.close();
}

function closed() {
  if (choice && choice.counting) choice.counting.abort();
  choice = null;
  picked.clear();
  say("");
}

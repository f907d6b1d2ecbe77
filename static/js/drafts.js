/* What was typed into the forms of a page is there again when one comes back to it by way of another page that came in
   between, such as the one to sign in. It is kept in this tab only. Secrets are not kept. A message to support, which can
   be written on every page, is there again on every page, until it is sent. */

const KEY = "draft";
const MESSAGE = "message";
const person = document.body.dataset.person;
const SECRET = "[type=password], [autocomplete=one-time-code], [name=code]";
const UNKEPT = "[type=submit], [type=button], [type=file], [type=search], [name=csrfmiddlewaretoken]";
const touched = new Set();

const keyOf = (form) => form.id || form.getAttribute("action");
const fields = (form) => [...form.elements].filter((each) => each.name && !each.disabled && !each.matches(UNKEPT));
const isTick = (field) => ["checkbox", "radio"].includes(field.type);

function touch({ target }) {
  const form = target.form ?? target.closest?.("form");
  if (form?.closest("main") && !form.matches("[hx-post]") && !form.querySelector(SECRET)) touched.add(form);
}

for (const name of ["input", "change", "rows-changed"]) document.addEventListener(name, touch);

function keep() {
  const forms = [...touched].filter((form) => form.isConnected);
  if (!person || !forms.length) return;
  const typed = forms.map((form) => [
    keyOf(form),
    fields(form).map((each) => [each.name, each.value, isTick(each) && each.checked, each.selectedOptions?.[0]?.text]),
  ]);
  try {
    sessionStorage[KEY] = JSON.stringify({ person, page: location.pathname, typed });
  } catch {
    delete sessionStorage[KEY]; // there is too much of it
  }
}

function dropDraft() {
  touched.clear();
  delete sessionStorage[KEY];
}

function forget() {
  dropDraft();
  delete sessionStorage[MESSAGE];
}

addEventListener("pagehide", keep);

/* Signing out forgets it, in all tabs. */
const signedOut = new BroadcastChannel("signed-out");
signedOut.onmessage = forget;
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[action='/login/logout/']")) return;
  forget();
  signedOut.postMessage("");
});

/* Rows that were added by hand (static/js/analytics-form.js) are added again, until there is one for each name. */
function addRow(form, name) {
  const lists = [...form.querySelectorAll("[data-rows]")].filter((list) => name.startsWith(`${list.dataset.rows}.`));
  lists.at(-1)?.querySelector(":scope > [data-add-row]")?.click();
}

function restore(form, typed) {
  const find = ([name, value, ticked]) =>
    fields(form).find((each) => each.name === name && (!isTick(each) || ticked === false || each.value === value));
  for (const each of typed) for (let tries = 0; !find(each) && tries < 50; tries++) addRow(form, each[0]);
  for (const row of form.querySelectorAll("[data-row]")) {
    const gone = !typed.some(([name]) => name.startsWith(`${row.dataset.row}.`));
    if (gone && row.isConnected) row.querySelector("[data-remove-row]")?.click();
  }
  for (const [name, value, ticked, text] of typed) {
    const field = fields(form).find((each) => each.name === name && (!isTick(each) || each.value === value));
    if (!field) continue;
    if (text && ![...field.options].some((each) => each.value === value)) field.add(new Option(text, value));
    if (isTick(field) ? field.checked === ticked : field.value === value) continue;
    if (isTick(field)) field.checked = ticked;
    else field.value = value;
    for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
  }
  form.closest("details")?.setAttribute("open", "");
  touched.add(form);
}

function comeBack() {
  const draft = JSON.parse(sessionStorage[KEY] ?? "null");
  if (!draft) return;
  const isBetween = !person || document.querySelector(".entrance");
  if (isBetween) sessionStorage[KEY] = JSON.stringify({ ...draft, left: true });
  else if (!draft.left || draft.person !== person) dropDraft();
  else if (draft.page === location.pathname) {
    sessionStorage[KEY] = JSON.stringify({ ...draft, left: false });
    for (const [key, typed] of draft.typed) {
      const form = [...document.querySelectorAll("main form")].find((each) => keyOf(each) === key);
      if (form) restore(form, typed);
    }
    const notice = document.createElement("p");
    notice.className = "notice notice--info";
    notice.role = "status";
    notice.textContent = "What you had typed is here again.";
    document.getElementById("messages").append(notice);
  }
}

/* --- A message to support ----------------------------------------------------------------------------------------------- */

const words = (form) => fields(form).filter((each) => each.type !== "hidden" && each.name !== "website");

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.("[data-message]");
  if (!form) return;
  const typed = words(form).map((each) => [each.name, each.value]);
  sessionStorage[MESSAGE] = JSON.stringify({ person, typed });
});

/* Nobody else is shown it who signs in after its writer; who was not signed in may have signed in meanwhile. */
function bringMessage() {
  const kept = JSON.parse(sessionStorage[MESSAGE] ?? "null");
  const isOfOther = kept?.person && person && kept.person !== person;
  if (isOfOther || document.querySelector("[data-talk-sent]")) delete sessionStorage[MESSAGE];
  else if (kept && (!kept.person || kept.person === person)) {
    for (const form of document.querySelectorAll("[data-message]")) {
      for (const [name, value] of kept.typed) if (form.elements[name]?.value === "") form.elements[name].value = value;
    }
  }
}

document.addEventListener("DOMContentLoaded", bringMessage);
document.addEventListener("htmx:load", bringMessage);

document.addEventListener("DOMContentLoaded", comeBack); // when the scripts of the page's forms are ready

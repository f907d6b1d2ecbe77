/* For pages of people who may be signed in. */

/* The server renews a session that is used, not one whose page only asks by itself. After a sign-in in another tab, the
   token of this page is an old one: what counts is the cookie. But if somebody else has signed in, this page is not
   theirs: its old token stays, and the server refuses it. */

const { person } = document.body.dataset;
localStorage.person = person ?? "";

function token() {
  if (!person || localStorage.person === person) return document.cookie.match(/(?:^|; )csrftoken=(\w+)/)?.[1];
}

document.addEventListener("htmx:configRequest", ({ detail: { headers, formData, triggeringEvent } }) => {
  if (!triggeringEvent) headers["X-By-Itself"] = "true";
  if (headers["X-CSRFToken"]) headers["X-CSRFToken"] = token() ?? headers["X-CSRFToken"];
  if (token() && formData.has("csrfmiddlewaretoken")) formData.set("csrfmiddlewaretoken", token());
});

document.addEventListener("submit", ({ target }) => {
  const field = target.elements.csrfmiddlewaretoken;
  if (field) field.value = token() ?? field.value;
});

/* Who has chosen to stay signed in goes on where they were. */
let focusedBefore = null;
document.addEventListener("focusin", ({ target }) => target.closest("#session-end") || (focusedBefore = target));
document.addEventListener("htmx:load", ({ detail }) => {
  if (detail.elt.id === "session-end" && document.activeElement === document.body) focusedBefore?.focus();
});

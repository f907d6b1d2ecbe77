/* Opens Talk to Us in a panel. Without this file, the tab is a link to a page of its own. Closing the panel keeps the
   text that was typed. */

const talk = document.querySelector("[data-talk]");
const tab = talk?.querySelector("[data-talk-tab]");
const panel = talk?.querySelector("#talk-panel");

function show() {
  if (!panel.childElementCount) htmx.trigger(tab, "talk");
  panel.hidden = false;
  tab.setAttribute("aria-expanded", "true");
  focusFirst();
}

function hide() {
  panel.hidden = true;
  tab.setAttribute("aria-expanded", "false");
  tab.focus();
}

function focusFirst() {
  const field = panel.querySelector("[aria-invalid=true], .field input, .field textarea");
  (field ?? panel).focus();
}

if (talk && window.htmx) {
  tab.setAttribute("role", "button");
  tab.setAttribute("aria-expanded", "false");
  tab.setAttribute("aria-controls", "talk-panel");
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (panel.hidden) show();
    else hide();
  });
  tab.addEventListener("keydown", (event) => {
    if (event.key === " ") (event.preventDefault(), tab.click());
  });
  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-talk-close]")) hide();
  });
  talk.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) hide();
  });
  panel.addEventListener("htmx:afterSwap", () => {
    if (!panel.hidden) focusFirst();
    if (panel.querySelector("[data-talk-sent]")) forgetAfterClosing();
  });
  // The request failed or was refused. The panel then shows a hint; without one, the page of Talk to Us opens.
  for (const failure of ["htmx:sendError", "htmx:responseError"]) {
    panel.addEventListener(failure, () => panel.querySelector("[data-talk-failed]")?.removeAttribute("hidden"));
    tab.addEventListener(failure, () => location.assign(tab.href));
  }
}

/* After sending, the panel opens with an empty form. */
function forgetAfterClosing() {
  new MutationObserver((_, watcher) => {
    if (!panel.hidden) return;
    watcher.disconnect();
    panel.replaceChildren();
  }).observe(panel, { attributeFilter: ["hidden"] });
}

// The live view: pauses on request and while a row is open, and marks new rows.
(() => {
  const button = document.querySelector("[data-live-pause]");
  const state = document.querySelector("[data-live-state]");
  if (!button || !window.htmx) return;
  let paused = false;

  const feed = () => document.getElementById("live-feed");
  const held = () => feed().querySelector("details[open]") !== null;

  function tell() {
    const text = paused ? "Paused" : held() ? "Holding while a row is open" : "Watching";
    if (state.textContent !== text) state.textContent = text;
    state.dataset.state = paused || held() ? "still" : "moving";
    button.textContent = paused ? "Go on" : "Pause";
    button.setAttribute("aria-pressed", String(paused));
  }

  button.addEventListener("click", () => {
    paused = !paused;
    tell();
  });
  document.addEventListener("toggle", tell, true);

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === feed() && (paused || held() || document.hidden)) event.preventDefault();
  });

  // A row was opened, or Pause was pressed, while the request ran.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target === feed() && (paused || held())) event.detail.shouldSwap = false;
  });

  let known = null;
  const rows = () => [...feed().querySelectorAll("li[id]")];
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const row of rows()) {
      if (!known.has(row.id)) row.querySelector("details").classList.add("is-new");
    }
    remember();
  });
  document.addEventListener("animationend", (event) => event.target.closest(".is-new")?.classList.remove("is-new"));
  function remember() {
    known = new Set(rows().map((row) => row.id));
  }

  remember();
  tell();
})();

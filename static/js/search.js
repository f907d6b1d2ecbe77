/* The page that searches everything: arrow keys move from the field through what was found, and back. */

const input = document.getElementById("everything");

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [input, ...document.querySelectorAll("[data-hit]")];
  const here = stops.indexOf(document.activeElement);
  if (!step || here < 0) return;
  event.preventDefault();
  stops[(here + step + stops.length) % stops.length].focus();
});

/* What is found anew does not take the focus from who is in it. */
let focused = null;
document.addEventListener("htmx:beforeSwap", () => (focused = document.activeElement.closest("[data-hit]")?.href));
document.addEventListener("htmx:afterSwap", () => {
  if (focused) ([...document.querySelectorAll("[data-hit]")].find((hit) => hit.href === focused) ?? input).focus();
});

/* What was typed before htmx was there to notice it. */
document.addEventListener("htmx:load", () => input.value !== input.defaultValue && input.form.requestSubmit(), { once: true });

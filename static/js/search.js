/* The page that searches everything: arrow keys move from the field through what was found, and back. */

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [document.getElementById("everything"), ...document.querySelectorAll("[data-hit]")];
  const here = stops.indexOf(document.activeElement);
  if (!step || here < 0) return;
  event.preventDefault();
  stops[(here + step + stops.length) % stops.length].focus();
});

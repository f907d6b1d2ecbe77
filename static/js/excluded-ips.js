/* A click on "Line 3" selects that line in the text area; what was wrong goes when it is right. */

function select(text, number) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * (number - 3);
}

/* Saving said that lines are not understood; that is over with the first preview without any. */
document.addEventListener("htmx:afterSwap", () => {
  const text = document.getElementById("id_text");
  if (!text || document.querySelector("#preview .excluded__errors")) return;
  text.removeAttribute("aria-invalid");
  text.parentElement.querySelector(".errorlist")?.remove();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-line]");
  const text = document.getElementById("id_text");
  if (button && text) select(text, Number(button.dataset.line));
});

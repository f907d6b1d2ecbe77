/* Dashboards: ordering tiles by dragging, and by the arrow buttons on a tile without leaving the page; and a screen on a
   wall, whose answers come anew. */

const list = document.querySelector("[data-tiles][data-order]");
const status = document.querySelector("[data-order-status]");

const tiles = () => [...list.querySelectorAll("[data-tile-id]")];
const place = (tile) => tiles().indexOf(tile) + 1;

function save(tile) {
  const title = tile.querySelector("h2").textContent.trim();
  htmx.ajax("POST", list.dataset.order, { values: { tile: tiles().map((each) => each.dataset.tileId) }, swap: "none" });
  status.textContent = `${title} is number ${place(tile)} of ${tiles().length}.`;
  refresh();
}

/* The first tile cannot move forward, and the last cannot move back. The buttons stay focusable, so that people who use
   the keyboard keep their place. */
function refresh() {
  const all = tiles();
  all.forEach((tile, index) => {
    tile.querySelector("[data-move='-1']").setAttribute("aria-disabled", index === 0);
    tile.querySelector("[data-move='1']").setAttribute("aria-disabled", index === all.length - 1);
  });
}

function move(tile, by) {
  const neighbour = tiles()[tiles().indexOf(tile) + by];
  if (!neighbour) return;
  if (by < 0) neighbour.before(tile);
  else neighbour.after(tile);
  save(tile);
}

if (list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    move(button.closest("[data-tile-id]"), Number(button.dataset.move));
    button.focus();
  });

  let dragged = null;
  for (const tile of tiles()) {
    const head = tile.querySelector(".tile__head");
    head.classList.add("tile__head--grip");
    head.addEventListener("pointerdown", (event) => (tile.draggable = !event.target.closest("a, button")));
  }
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-tile-id]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.tileId);
    dragged.classList.add("is-dragged");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-tile-id]");
    if (!dragged) return;
    event.preventDefault();
    if (!over || over === dragged) return;
    if (place(over) < place(dragged)) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    dragged.classList.remove("is-dragged");
    dragged.draggable = false;
    save(dragged);
    dragged = null;
  });
}

/* A page that nobody can see asks nothing. It catches up when somebody looks again. */
const wall = document.querySelector("[data-wall]");
const EVERY = 5 * 60 * 1000;

if (wall) {
  let last = Date.now();
  const renew = () => {
    if (document.hidden || Date.now() - last < EVERY) return;
    last = Date.now();
    for (const tile of wall.querySelectorAll("[data-url]")) {
      const body = tile.querySelector(".tile__body");
      // Each has a source of its own: of one source htmx sends the first and the last alone.
      if (body) htmx.ajax("GET", tile.dataset.url, { source: body, target: body, swap: "outerHTML" });;
    }
    wall.querySelector("[data-wall-time]").textContent = "just now";
  };
  setInterval(renew, 10_000);
  document.addEventListener("visibilitychange", renew);
  wall.querySelector("[data-wall-full]").addEventListener("click", () => wall.requestFullscreen());
}

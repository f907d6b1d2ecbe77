// The beginning, the end, and what is held back from the page in between.
const HELD = ["pointerdown", "pointerup", "mousedown", "mouseup", "click", "dblclick", "auxclick", "dragstart", "submit"];
const KEYS = ["keydown", "keypress", "keyup", "beforeinput", "paste", "copy", "cut", "focusin", "focusout"];
const INSIDE = [...HELD, "pointermove", "mousemove", "touchstart", "touchend", "wheel", "input", "change"];
const over = new AbortController(); // of all that listens to the page
let looking = 0;
let ending = 0;

// While clicks label, the page gets none. Those that scripts make are the page's own.
function hold(event) {
  if (isOurs(event) || !event.isTrusted || !session || session.isUsing) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  if (event.type !== "click") return;
  const path = event.composedPath();
  const found = captured(path, "click");
  if (found && !isFrame(found.target)) openPanel(found);
  else say("Clicks on this element are not collected.");
}

// Shortcuts and focus traps of the page do not get what is typed into the panel.
function keepKeys(event) {
  if (isOurs(event)) return event.stopImmediatePropagation();
  if (event.type === "focusin" && session && !session.isUsing) hover(event.composedPath());
  if (event.type === "keydown" && event.key === "Escape" && session && !session.isUsing && !panel.open) {
    event.stopImmediatePropagation();
    event.preventDefault();
    use(true);
  }
}

function pointed(event) {
  if (!session || session.isUsing || panel.open) return;
  if (isOurs(event)) unhover();
  else hover(event.composedPath());
}

function listen() {
  const { signal } = over;
  HELD.forEach((type) => addEventListener(type, hold, { capture: true, signal }));
  KEYS.forEach((type) => addEventListener(type, keepKeys, { capture: true, signal }));
  INSIDE.forEach((type) => root.addEventListener(type, (event) => event.stopPropagation()));
  addEventListener("pointermove", pointed, { capture: true, passive: true, signal });
  addEventListener("scroll", moved, { capture: true, passive: true, signal });
  addEventListener("resize", moved, { signal });
  looking = setInterval(look, PLACE_MS);
}

async function start() {
  attach();
  dropTicket();
  session = recall();
  tools.hidden = true;
  status.textContent = "Opening…";
  try {
    if (!session) await openTicket();
  } catch (error) {
    return finish(error.message);
  }
  tools.hidden = false;
  fillBar();
  listen();
  const left = new Date(session.ends_at) - Date.now();
  ending = setTimeout(finish, Math.max(0, left), "The 30 minutes are over. Open the page again from Definitions › Label on your site.");
  loadMarks();
}

// Not before the router of the page has started: some take a changed address for a new page. Its state stays.
function dropTicket() {
  const hash = withoutTicket(location.hash);
  if (hash !== location.hash) history.replaceState(history.state, "", location.pathname + location.search + hash);
  address = location.href;
}

function finish(words) {
  over.abort();
  clearTimeout(ending);
  clearInterval(looking);
  if (session) ask("end", {}).catch(() => {}); // it ends by itself too
  forget();
  if (panel.open) panel.close();
  unhover();
  loadMarks();
  tools.hidden = true;
  status.setAttribute("role", "alert");
  status.replaceChildren(words, " ", button("Close", () => host.remove()));
}

atRest(start);

// What is defined on this page, and what was clicked on it, with numbers at the elements and as a list in the bar.
const MOST_MARKS = 200;
const AGAIN_MS = 2e3; // at most so often are elements looked for again, while the page changes
const PLACE_MS = 500;
let known = { definitions: [], clicks: [] }; // as /label/page/ answers
let marks = [];
let round = 0; // a new one makes the walk of an older one stale
let isWalking = false;
let isStale = false; // the page has changed since elements were looked for
let nextWalk = 0; // not earlier
const changes = new MutationObserver(() => {
  isStale = true; // the records do not matter, however many they are
});

async function loadMarks() {
  const mine = ++round;
  clearMarks();
  if (!session || !session.shown) return showList();
  showList("Counting…");
  try {
    const answer = await ask("page", { page: thisPage() });
    if (mine !== round) return;
    known = answer;
    changes.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["id", "class", "href"] });
    await findMarks();
  } catch (error) {
    if (mine === round) showList(error.message);
  }
}

async function findMarks() {
  const mine = round;
  const started = performance.now();
  const index = session.shown === "clicks" ? new ClickIndex(known.clicks) : new Index(known.definitions, thisPage());
  const found = new Map(); // element: what it is marked with
  const times = new Map(); // what it is marked with: how many elements
  isStale = false;
  isWalking = true;
  await walk(
    (element) => {
      const all = index.of(element);
      if (all.length) found.set(element, all);
      all.forEach((each) => times.set(each, (times.get(each) || 0) + 1));
      return found.size < MOST_MARKS;
    },
    () => mine !== round
  );
  if (mine !== round) return;
  isWalking = false;
  nextWalk = performance.now() + Math.max(AGAIN_MS, 10 * (performance.now() - started));
  marks.forEach((each) => each.remove());
  marks = [...found].map(([element, all]) => {
    const mark = new Frame(session.shown === "clicks" ? "clicks" : "defined");
    mark.around(element, all.map(markWords).join(", "));
    return mark;
  });
  showList(known.error || "", times, found.size >= MOST_MARKS);
}

function markWords(each) {
  if (session.shown === "clicks") return counted(each.events, "clicks");
  return each.last_7 === null ? short(each.name, 40) : `${short(each.name, 40)} · ${new Intl.NumberFormat("en").format(each.last_7)}`;
}

function clearMarks() {
  changes.disconnect();
  marks.forEach((each) => each.remove());
  marks = [];
  known = { definitions: [], clicks: [] };
}

function placeAll() {
  for (const frame of [hovered, picked, ...marks]) frame.place();
}

// Twice a second: what moved by itself, what changed, and where a router has gone.
let address = location.href;
function look() {
  if (!session) return;
  attach();
  placeAll();
  if (address !== location.href) {
    const isElsewhere = address.split("#")[0] !== location.href.split("#")[0] || /^#[!/]/.test(location.hash);
    address = location.href;
    unhover();
    if (isElsewhere) loadMarks();
  } else if (isStale && !isWalking && session.shown && performance.now() > nextWalk) {
    findMarks();
  }
}

let framed = 0;
function moved() {
  framed = framed || requestAnimationFrame(() => {
    framed = 0;
    placeAll();
  });
}

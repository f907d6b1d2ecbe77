// Walking over a page of any size, each element once, in slices between which the page works.
const SLICE_MS = 8;
const PAUSE_MS = 8;

// Calls `visit` with each element, those in open shadow roots too, until it returns false. Stops when it is stale.
async function walk(visit, isStale) {
  const walkers = [walkerOf(document.documentElement)];
  let until = performance.now() + SLICE_MS;
  while (walkers.length) {
    const element = walkers[walkers.length - 1].nextNode();
    if (!element) {
      walkers.pop();
      continue;
    }
    if (element === host) continue;
    if (element.shadowRoot) walkers.push(walkerOf(element.shadowRoot));
    if (visit(element) === false) return;
    if (performance.now() < until) continue;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (isStale()) return;
    until = performance.now() + SLICE_MS;
  }
}

function walkerOf(start) {
  return document.createTreeWalker(start, NodeFilter.SHOW_ELEMENT);
}

// Calls back once the page is loaded and its own code has come to rest, or after some seconds.
function atRest(callback) {
  const QUIET_MS = 400;
  const MOST_MS = 4e3;
  const HANGS_MS = 10e3; // an image that never comes
  let quiet, most;
  const watch = new MutationObserver(() => {
    clearTimeout(quiet);
    quiet = setTimeout(done, QUIET_MS);
  });
  const hangs = setTimeout(loaded, HANGS_MS);
  function loaded() {
    clearTimeout(hangs);
    removeEventListener("load", loaded);
    watch.observe(document, { childList: true, subtree: true });
    quiet = setTimeout(done, QUIET_MS);
    most = setTimeout(done, MOST_MS);
  }
  function done() {
    watch.disconnect();
    clearTimeout(quiet);
    clearTimeout(most);
    callback();
  }
  if (document.readyState === "complete") loaded();
  else addEventListener("load", loaded);
}

// The token, and what was chosen in the bar: kept in the tab, over pages and reloads, until labelling ends.
const KEPT = "heapLabelling";
const tracker = heap.label; // {about, appId, config, ticket}: collector/tracker/heap.js
let session = null; // as /label/open/ answers, with the ticket, isUsing and shown; null before and after

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    return kept && kept.ticket === tracker.ticket ? kept : null;
  } catch (error) {
    return null;
  }
}

function remember(changes) {
  session = { ...session, ...changes };
  sessionStorage.setItem(KEPT, JSON.stringify(session));
}

// The page collects again when it is loaded anew.
function forget() {
  session = null;
  sessionStorage.removeItem(KEPT);
  sessionStorage.removeItem("heapTicket");
}

async function openTicket() {
  const opened = await ask("open", { ticket: tracker.ticket });
  if (opened.app_id !== tracker.appId) {
    throw new Refused(`This page sends its events to another environment than ${opened.project} › ${opened.environment}.`, 403);
  }
  remember({ ...opened, ticket: tracker.ticket, isUsing: false, shown: "" });
}

// The page as the tracker would send it.
function thisPage() {
  const { noTitle, noHash } = tracker.config;
  return {
    domain: location.hostname,
    path: location.pathname.slice(0, 1024),
    title: noTitle ? "" : document.title.slice(0, 1024),
    hash: noHash ? "" : withoutTicket(location.hash).slice(0, 1024),
  };
}

function withoutTicket(hash) {
  return hash.replace(/(?:^#|[&?])heapadmin-label=[\w-]{43}$/, "");
}

// Why clicks on this page are not collected at all, in words; "" where they are.
function leftOut() {
  const { only, never, disableInteractionEvents } = tracker.config;
  const place = location.hostname + location.pathname;
  if ((only && !RegExp(only).test(place)) || (never && RegExp(never).test(place))) {
    return "The environment leaves this page out, so nothing is collected here.";
  }
  return [].concat(disableInteractionEvents).includes("click") ? "The snippet of this page leaves out clicks." : "";
}

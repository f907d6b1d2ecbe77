// What happened in the past: numbers, a small chart, the newest events, and the definitions that cover it.
const BAR = 8; // units of the drawing for a day, with its gap
const TALL = 40;

function countsOf(counts, coveredBy) {
  const { last_7: week, last_30: month } = counts;
  return [
    make(
      "div",
      { class: "numbers" },
      numberOf("Last 7 days", week),
      numberOf("Last 30 days", month)
    ),
    chartOf(counts.by_day),
    month.events ? null : make("p", { class: "hint" }, "It did not happen in the last 30 days. Untick conditions to count more."),
    counts.newest.length ? make("h3", {}, "Newest") : null,
    counts.newest.length ? make("ol", { class: "newest" }, counts.newest.map(newestOf)) : null,
    make("p", { class: "hint" }, ...coveredWords(coveredBy)),
    counts.url ? make("p", {}, link("Open as a graph", counts.url)) : null,
  ];
}

function numberOf(words, { events, people }) {
  return make(
    "p",
    { class: "number" },
    make("span", {}, words),
    make("strong", {}, counted(events, "events")),
    make("span", {}, `by ${counted(people, "people")}`)
  );
}

function chartOf(days) {
  const most = Math.max(1, ...days);
  const words = `Events a day in the last ${days.length} days: ${Math.max(0, ...days)} at most, ${days[days.length - 1] || 0} today`;
  return draw(
    "svg",
    { class: "chart", viewBox: `0 0 ${days.length * BAR} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    days.map((number, at) => {
      const height = number ? Math.max(2, (number / most) * TALL) : 0;
      return draw("rect", { x: at * BAR, y: TALL - height, width: BAR - 2, height });
    })
  );
}

function newestOf({ at, text, path }) {
  const when = new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return make("li", {}, make("time", { datetime: at }, when), " ", [text && `“${short(text, 60)}”`, path].filter(Boolean).join(" on "));
}

function coveredWords(coveredBy) {
  if (!coveredBy) return [];
  if (!coveredBy.length) return ["No definition covers it yet."];
  return ["Covered by ", ...coveredBy.flatMap(({ name, url }, at) => [at ? ", " : "", link(short(name, 80), url)]), "."];
}

/* Draws a chart anew to the scale of the series that are shown. The arithmetic is that of common/charts: scales.py
   chooses the ticks and writes them, plots.py stacks the bars. */

const STEPS = [1, 2, 2.5, 5, 10];
const COMPACT = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
const LABEL_WIDTH = 7;
const MOST_DECIMALS = 6;

export function ticks(lowest, largest, whole) {
  const farthest = Math.max(largest, -lowest);
  if (!(farthest >= 1e-6)) return [0, 1];
  const magnitude = 10 ** Math.floor(Math.log10(farthest / 4));
  let steps = STEPS.map((step) => Number((step * magnitude).toPrecision(12)));
  if (whole) steps = steps.filter((step) => step >= 1 && Number.isInteger(step));
  const step = steps.find((each) => each * 4 >= farthest) ?? steps.at(-1) ?? 1;
  const [down, up] = [-lowest, Math.max(largest, 0)].map((far) => Math.ceil(far / step - 1e-9));
  const count = down + Math.max(up, 1 - down) + 1;
  return Array.from({ length: count }, (_, place) => Number(((place - down) * step).toFixed(12)));
}

export function compact(value) {
  const [size, suffix] = (Math.abs(value) >= 10_000 && COMPACT.find(([least]) => Math.abs(value) >= least)) || [1, ""];
  if (size > 1) return Number((value / size).toPrecision(3)).toLocaleString("en-US") + suffix;
  const far = Math.abs(value);
  const decimals = far >= 1 || far === 0 ? 2 : Math.min(2 - Math.floor(Math.log10(far)), MOST_DECIMALS);
  return Number(value.toFixed(decimals)).toLocaleString("en-US", { maximumFractionDigits: MOST_DECIMALS });
}

function read(plot) {
  return new Map(
    plot.dataset.values.split(";").map((row) => {
      const [colour, values] = row.split(":");
      return [`series-${colour}`, values.split(",").map((text) => (text === "" ? null : Number(text)))];
    }),
  );
}

/* Where each value begins and ends. In a stack it stands on those below it, on its side of zero. */
function spans(rows, stacked) {
  const heaps = { 1: [], "-1": [] };
  return rows.map((row) =>
    row.map((value, bucket) => {
      const heap = heaps[value < 0 ? -1 : 1];
      const begin = stacked ? (heap[bucket] ?? 0) : 0;
      return [begin, (heap[bucket] = begin + value)];
    }),
  );
}

function line(y, isAxis) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const places = { class: isAxis ? "chart__axis" : "chart__grid", x1: 0, x2: "100%", y1: `${y}%`, y2: `${y}%` };
  for (const [name, value] of Object.entries(places)) made.setAttribute(name, value);
  return made;
}

function label(text, y, x) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "text");
  for (const [name, value] of Object.entries({ x, y: `${y}%`, dy: "0.32em", "text-anchor": "end" })) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function drawAxis(chart, plot, axis, height) {
  for (const old of plot.querySelectorAll(":scope > .chart__grid, :scope > .chart__axis")) old.remove();
  plot.prepend(...axis.map((tick) => line(height(tick), tick === 0)));
  const texts = axis.map((tick) => compact(tick) + (plot.dataset.suffix ?? ""));
  const width = LABEL_WIDTH * Math.max(...texts.map((text) => text.length)) + 8;
  const labels = chart.querySelector(".chart__values");
  labels.setAttribute("width", width);
  labels.replaceChildren(...axis.map((tick, place) => label(texts[place], height(tick), width - 8)));
}

function move(part, places, bucketAt, height) {
  if (part.matches("polyline")) {
    const points = part.getAttribute("points").split(" ").map((point) => point.split(",")[0]);
    part.setAttribute("points", points.map((x) => `${x},${height(places[bucketAt(x)][1])}`).join(" "));
  } else if (part.matches("circle")) {
    part.setAttribute("cy", `${height(places[bucketAt(parseFloat(part.getAttribute("cx")))][1])}%`);
  } else {
    const ends = places[bucketAt(parseFloat(part.getAttribute("x")))].map(height);
    part.setAttribute("y", `${Math.min(...ends)}%`);
    part.setAttribute("height", `${Math.abs(ends[0] - ends[1])}%`);
  }
}

function rescale(chart) {
  const plot = chart.querySelector(".chart__plot[data-values]");
  if (!plot) return;
  const off = chart.querySelectorAll('button[data-series][aria-pressed="false"]');
  const hidden = new Set([...off].map((button) => button.dataset.series));
  const shown = [...read(plot)].filter(([series]) => !hidden.has(series.replace("-before", "")));
  const rows = shown.map(([, row]) => row);
  const values = rows.flat().filter((value) => value !== null);
  const all = spans(rows, "stacked" in plot.dataset);
  const ends = all.flat().map(([, end]) => end);
  const axis = ticks(Math.min(0, ...ends), Math.max(0, ...ends), values.every(Number.isInteger));
  const height = (value) => Number((100 - (100 * (value - axis[0])) / (axis.at(-1) - axis[0])).toFixed(3));
  drawAxis(chart, plot, axis, height);
  shown.forEach(([series, row], place) => {
    const bucketAt = (x) => Math.min(row.length - 1, Math.floor((x * row.length) / 100));
    const found = `.chart__series.${series} :is(polyline, rect), circle.chart__series.${series}`;
    for (const part of plot.querySelectorAll(found)) move(part, all[place], bucketAt, height);
  });
}

document.addEventListener("chart-series", (event) => rescale(event.target));

// Labelling on a customer's page: docs/labelling.md. collector/tracker/__init__.py joins these files into one function.
// Pages may forbid code from texts, inline styles and HTML from strings, so elements are made one by one, the style is a
// sheet of the shadow root, and positions are set through CSSOM. What Safari 15.4 has is enough; newer things are asked for.
const SVG = "http://www.w3.org/2000/svg";
const host = document.createElement("heapadmin-labelling");
const root = host.attachShadow({ mode: "closed" });
try {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
} catch (error) {
  root.append(make("style", {}, STYLE)); // Safari before 16.4
}

// `attributes`: true is an empty one, false and null none, and a function listens: {onclick: …}.
function make(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function draw(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function button(words, onclick, attributes) {
  return make("button", { type: "button", onclick, ...attributes }, words);
}

// A link into the console: an address that the server gave, in a tab of its own.
function link(words, address) {
  const isOne = /^https?:\/\//.test(address || "");
  return isOne ? make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words) : words;
}

function counted(number, noun) {
  const one = { people: "person" }[noun] || noun.replace(/s$/, "");
  return `${new Intl.NumberFormat("en").format(number)} ${number === 1 ? one : noun}`;
}

function short(text, most) {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

// Whether an event comes from the bar or the panel, which the page sees as one element.
function isOurs(event) {
  return event.composedPath().includes(host);
}

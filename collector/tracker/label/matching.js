// Whether an element would be counted by a definition: as the server decides (docs/labelling.md), for what is known here.
// What is not known here, such as the browser or a property that the page sends, may hold: the answer is then undefined.
const OF_ELEMENT = { target_tag: "n", target_text: "x", target_href: "h", target_id: "i", target_class: "c", target_hierarchy: "y" };
const MAY_DO = { click: null, change: ["input", "select", "textarea"], submit: ["form"] }; // null: every element
const INDEXED = ["target_id", "target_class", "target_tag"]; // the rarest first

function holds(condition, sent, page) {
  const name = condition.property.slice("event:".length);
  const holdsFor = OPERATORS[condition.operator];
  if (!holdsFor || !condition.property.startsWith("event:")) return undefined;
  if (Object.hasOwn(OF_ELEMENT, name)) return sent ? holdsFor(sent[OF_ELEMENT[name]] || "", condition.value) : undefined;
  if (!Object.hasOwn(page, name)) return undefined;
  return holdsFor(page[name], condition.value) || holdsFor(read(page[name]), condition.value);
}

const OPERATORS = {
  is: (value, wanted) => value === wanted,
  is_not: (value, wanted) => value !== wanted,
  one_of: (value, wanted) => listed(wanted).includes(value),
  none_of: (value, wanted) => !listed(wanted).includes(value),
  contains: (value, wanted) => value.includes(wanted),
  not_contains: (value, wanted) => !value.includes(wanted),
  matches: like,
  exists: (value) => value !== "",
  not_exists: (value) => value === "",
  greater: (value, wanted) => value.trim() !== "" && Number(value) > Number(wanted),
  less: (value, wanted) => value.trim() !== "" && Number(value) < Number(wanted),
};

// An address as people read it.
function read(value) {
  try {
    return decodeURI(value);
  } catch (error) {
    return value;
  }
}

// The values of a list: `a, b, "c, d"` are three.
function listed(text) {
  const values = text.match(/\s*(?:"(?:[^"]|"")*"|[^,\n"]+)/g) || [];
  return values.map((each) => each.trim().replace(/^"([^]*)"$/, "$1").replace(/""/g, '"')).filter(Boolean);
}

// Whether the whole text is like the pattern, in which * stands for any characters. No regular expression, which may be slow.
function like(value, pattern) {
  const parts = pattern.split("*");
  const last = parts.pop();
  if (!parts.length) return value === last;
  const first = parts.shift();
  if (!value.startsWith(first)) return false;
  let from = first.length;
  for (const part of parts) {
    const found = value.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return value.length - last.length >= from && value.endsWith(last);
}

// All of, or any of, answers that may be undefined. None at all: true.
function together(match, answers) {
  const decides = match === "any";
  if (!answers.length) return true;
  if (answers.includes(decides)) return decides;
  return answers.includes(undefined) ? undefined : !decides;
}

function holdsAll(where, sent, page) {
  const answers = (where.conditions || []).map((each) => holds(each, sent, page));
  const groups = (where.groups || []).filter((each) => (each.conditions || []).length);
  return together(where.match, answers.concat(groups.map((each) => holdsAll(each, sent, page))));
}

// Definitions by what an element must have for them, so that each element meets few of them.
class Index {
  constructor(definitions, page) {
    this.page = page;
    this.buckets = new Map();
    for (const definition of definitions) {
      for (const where of definition.any) {
        const type = where.event.replace("kind:", "");
        if (type in MAY_DO && holdsAll(where, null, page) !== false) this.add(this.key(where), { definition, where, type });
      }
    }
  }

  add(key, entry) {
    this.buckets.set(key, [...(this.buckets.get(key) || []), entry]);
  }

  key(where) {
    if (where.match !== "any") {
      for (const name of INDEXED) {
        const found = (where.conditions || []).find((each) => each.property === `event:${name}` && each.operator === "is");
        if (found) return `${name} ${found.value}`;
      }
    }
    return "";
  }

  // The definitions to which something done with this element belongs.
  of(element) {
    const has = [element.getAttribute("id"), element.getAttribute("class"), element.localName];
    const sent = {};
    const found = new Set();
    for (const key of ["", ...INDEXED.map((name, at) => `${name} ${has[at]}`)]) {
      for (const { definition, where, type } of this.buckets.get(key) || []) {
        if (found.has(definition) || (MAY_DO[type] && !MAY_DO[type].includes(element.localName))) continue;
        if (!(type in sent)) sent[type] = sentOf(element, type);
        if (sent[type] && holdsAll(where, sent[type], this.page) !== false) found.add(definition);
      }
    }
    return [...found];
  }
}

// What was clicked, by all that was captured of it.
class ClickIndex {
  constructor(clicks) {
    this.clicks = new Map(clicks.map((each) => [this.whole(each.tag, each.text, each.href, each.id, each.class, each.hierarchy), each]));
    this.begins = new Set(clicks.map((each) => this.whole(each.tag, each.id, each.class)));
  }

  whole(...values) {
    return values.map((each) => each || "").join("\n");
  }

  of(element) {
    // Attributes that the tracker leaves out or cuts are not found; the whole decides.
    if (!this.begins.has(this.whole(element.localName, element.getAttribute("id"), element.getAttribute("class")))) return [];
    const sent = sentOf(element, "click");
    const found = sent && this.clicks.get(this.whole(sent.n, sent.x, sent.h, sent.i, sent.c, sent.y));
    return found ? [found] : [];
  }
}

// What the tracker would send of an event at this element; nothing where it would send it of another element, or not at all.
function sentOf(element, type) {
  const found = captured(pathOf(element), type);
  return found && found.target === element ? found.sent : null;
}

function pathOf(element) {
  const path = [];
  for (let each = element; each; each = each.parentNode || each.host) path.push(each);
  return path;
}

function captured(path, type) {
  try {
    return tracker.about(path, type);
  } catch (error) {
    return null; // an element that a page has made odd
  }
}

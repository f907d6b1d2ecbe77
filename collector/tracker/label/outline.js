// The layer over the page: frames around elements, with words. Nothing in it can be clicked.
const layer = make("div", { class: "layer", "aria-hidden": "true" });

// A frame that follows an element.
class Frame {
  constructor(kind) {
    this.words = make("span", { class: "words" });
    this.box = make("div", { class: `frame ${kind}`, hidden: true }, this.words);
    this.element = null;
    layer.append(this.box);
  }

  around(element, words) {
    this.element = element;
    this.words.textContent = words || "";
    this.place();
  }

  place() {
    const rect = this.element && this.element.isConnected ? this.element.getBoundingClientRect() : null;
    this.box.hidden = !rect || !rect.width || !rect.height;
    if (this.box.hidden) return;
    const style = this.box.style;
    style.transform = `translate(${rect.left}px, ${rect.top}px)`;
    style.width = `${rect.width}px`;
    style.height = `${rect.height}px`;
    this.box.classList.toggle("inside", rect.top < 24);
  }

  clear() {
    this.around(null);
  }

  remove() {
    this.box.remove();
  }
}

const hovered = new Frame("hovered");
const picked = new Frame("picked");
let underPointer = null;

function hover(path) {
  if (path[0] === underPointer) return;
  underPointer = path[0];
  const found = captured(path, "click");
  if (found && !isFrame(found.target)) hovered.around(found.target, nameOf(found.sent));
  else hovered.clear();
}

function unhover() {
  underPointer = null;
  hovered.clear();
}

// What is inside belongs to another page, and its clicks do not come here.
function isFrame(element) {
  return /^(iframe|frame|object|embed)$/.test(element.localName);
}

// An element as people call it: button “Buy”.
function nameOf(sent) {
  const text = sent.x ? ` “${short(sent.x, 40)}”` : sent.i ? `#${short(sent.i, 40)}` : "";
  return sent.n + text;
}

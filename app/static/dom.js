/** Elements without a framework. Text goes in as text nodes only: what pages and servers say is hostile input. */

/**
 * An element. `properties`: `class`, `on` (event: listener), `data` (name: value), anything else is an attribute;
 * `true` is an empty attribute, `false` and null leave it out. Children: nodes, texts, arrays of them, or null.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) setProperty(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function setProperty(element, name, value) {
  if (name === "on") {
    for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
  } else if (name === "data") {
    Object.assign(element.dataset, value);
  } else {
    setAttribute(element, name === "className" ? "class" : name, value);
  }
}

/** Sets, changes or removes an attribute; touches the document only when something changes. */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Changes the text of an element; touches the document only when it changes. */
export function setText(element, text) {
  const value = String(text);
  if (element.textContent !== value) element.textContent = value;
}

/** Shows or hides an element. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** The logo, drawn by the favicon's file. */
export function logo() {
  return h("img", { class: "logo", src: "static/favicon.svg", alt: "", width: 32, height: 32 });
}

/**
 * Calls `draw` at most once per frame; in a hidden tab, where frames stand still, once a second.
 * Returns `{request, cancel}`.
 */
export function createScheduler(draw) {
  let cancelPending = null;
  const run = () => {
    cancelPending = null;
    draw();
  };
  return {
    request() {
      if (cancelPending) return;
      if (document.hidden) {
        const timer = setTimeout(run, 1_000);
        cancelPending = () => clearTimeout(timer);
      } else {
        const frame = requestAnimationFrame(run);
        cancelPending = () => cancelAnimationFrame(frame);
      }
    },
    cancel() {
      cancelPending?.();
      cancelPending = null;
    },
  };
}

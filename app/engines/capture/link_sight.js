// Says of each foreign link of the drawn page whether a visitor sees it, and if not, how it is hidden: [href, kind, sure].
// Kind "": it is seen. Not sure: it waits for a visitor's own act or device, or nobody can tell: nothing follows from it.
//
// Runs in a world of its own, so no script of the page has changed what is called here. The document itself can still put
// elements in the place of properties (<form><input name="parentElement">): all are asked of the prototypes.
(limits => {
  "use strict";
  const {maxLinks, maxMs, maxUrl, own} = limits;
  const began = performance.now();
  const asks = (type, name) => {
    const {get} = Object.getOwnPropertyDescriptor(type.prototype, name);
    return node => get.call(node);
  };
  const parentOf = asks(Node, "parentElement"), rootOf = Node.prototype.getRootNode, slotOf = asks(Element, "assignedSlot");
  const tagOf = asks(Element, "localName"), idOf = asks(Element, "id"), isHeld = Node.prototype.contains;
  const matches = Element.prototype.matches, boxOf = Element.prototype.getBoundingClientRect;
  const boxesOf = Element.prototype.getClientRects, attribute = Element.prototype.getAttribute;
  const animationsOf = Element.prototype.getAnimations, childrenOf = asks(Element, "children");
  const find = selector => Document.prototype.querySelector.call(document, selector);
  const isTall = asks(Element, "scrollHeight"), isWide = asks(Element, "scrollWidth");
  const highOf = asks(Element, "clientHeight"), wideOf = asks(Element, "clientWidth");
  const stackAt = (x, y) => Document.prototype.elementsFromPoint.call(document, x, y);
  const root = asks(Document, "documentElement")(document), body = asks(Document, "body")(document);
  const isLate = () => performance.now() - began > maxMs;

  const MAX_INSIDE = 60, MAX_UP = 200, MAX_RULES = 20000, MAX_COUNTED = 20000, MAX_DECLARATIONS = 2000, MAX_SIBLINGS = 40;
  const FAINT = 0.05, PALE = 0.2; // opacity that nobody sees, and that somebody may see
  const SAME = 8, CLEAR = 40; // of 255: what no eye tells apart, and what everybody does
  const TINY = 2, SMALL = 6; // px of a letter or a box
  const INDENT = -200; // px
  const PICTURES = new Set(["img", "svg", "video", "canvas", "object", "embed", "iframe", "input", "button", "select"]);
  const OPENED = new Set(["menu", "menubar", "tabpanel", "dialog", "alertdialog", "listbox", "tooltip"]);
  const READ_ALOUD = /(^|[\s_-])(sr-only|visually-?hidden|screen-?reader|assistive|skip)/i;
  const STATES = /\.-?[_a-zA-Z][\w-]*|\[[^\]]*\]|:(hover|focus-within|focus-visible|focus|active|checked|target|open|popover-open)(?![\w-])/g;

  const up = node => slotOf(node) || parentOf(node) || (rootOf.call(node) instanceof ShadowRoot ? rootOf.call(node).host : null);
  const styles = new Map();
  const styleOf = node => styles.get(node) || (styles.set(node, getComputedStyle(node)), styles.get(node));
  function* around(node) {
    for (let count = 0; node && count < MAX_UP; node = up(node), count++) yield node;
  }

  // Colours: [red, green, blue, alpha], null for what is not plain.
  const colour = value => {
    const found = /^rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[,/ ]+([\d.]+))?\)$/.exec(value);
    return found && [+found[1], +found[2], +found[3], found[4] === undefined ? 1 : +found[4]];
  };
  const over = (upper, lower) => [0, 1, 2].map(i => upper[i] * upper[3] + lower[i] * (1 - upper[3])).concat(1);
  const distance = (one, other) => Math.max(...[0, 1, 2].map(i => Math.abs(one[i] - other[i])));

  // What opens: rules by which a state of the page, or of the device, shows an element.
  const SHOWS = {
    display: ["display"], visibility: ["visibility"], opacity: ["opacity"],
    place: ["left", "top", "right", "bottom", "transform", "translate", "scale", "margin-left", "margin-top", "text-indent",
      "position", "clip", "clip-path"],
    size: ["height", "width", "max-height", "max-width", "overflow", "overflow-x", "overflow-y", "transform", "scale", "clip",
      "clip-path", "font-size", "position", "grid-template-rows"],
    colour: [],
  };
  const HIDES = {display: "none", visibility: "hidden", opacity: "0", "max-height": "0px", height: "0px", width: "0px"};
  const FAMILIES = Object.keys(SHOWS), SHOWN_BY = new Map();
  for (const family of FAMILIES) for (const name of SHOWS[family]) SHOWN_BY.set(name, [...SHOWN_BY.get(name) || [], family]);
  // By family. When they were not all read, any of the others may show what is hidden.
  let rules = null, areCut = false, count = 0;
  const keep = (rule, applies) => {
    const {selectorText: selector, style} = rule, touched = new Set();
    areCut ||= style.length > MAX_DECLARATIONS;
    for (let at = 0; at < Math.min(style.length, MAX_DECLARATIONS); at++) for (const family of SHOWN_BY.get(style[at]) || []) touched.add(family);
    for (const family of touched) rules[family].push({selector, style, applies});
  };
  const gather = (list, applies) => {
    for (const rule of list) {
      if (areCut ||= count++ >= MAX_RULES || isLate()) return;
      if (rule instanceof CSSStyleRule) keep(rule, applies);
      else if (rule instanceof CSSMediaRule) gather(rule.cssRules, applies && matchMedia(rule.conditionText).matches);
      else if (rule.cssRules && !(rule instanceof CSSKeyframesRule)) gather(rule.cssRules, applies);
    }
  };
  const rulesOf = family => {
    if (rules) return rules[family];
    rules = Object.fromEntries(FAMILIES.map(name => [name, []]));
    for (const sheet of [...asks(Document, "styleSheets")(document), ...asks(Document, "adoptedStyleSheets")(document)]) {
      try { gather(sheet.cssRules, true); } catch { /* not loaded */ }
    }
    return rules[family];
  };
  const isOn = (node, selector) => {
    try { return matches.call(node, selector); } catch { return false; }
  };
  const withoutStates = function* (selector) {
    if (selector.length > 300 || selector.includes("(")) return;
    for (const one of selector.split(",")) {
      for (const token of one.matchAll(STATES)) {
        const before = one.slice(0, token.index), after = one.slice(token.index + token[0].length);
        const isAlone = /(^|[\s>+~])$/.test(before) && /^($|[\s>+~])/.test(after);
        const left = before + (isAlone ? "*" : "") + after;
        const subject = /[^\s>+~]*$/.exec(left.trim())[0];
        if (/[.#[]/.test(subject) || (token[0][0] === ":" && subject !== "*")) yield left;
      }
    }
  };
  const opened = new Map();
  const isOpenedByRule = (node, family) => {
    const key = family, known = opened.get(node) || {};
    if (key in known) return known[key];
    opened.set(node, known);
    return known[key] = rulesOf(family).some(({selector, style, applies}) => {
      const shown = SHOWS[family].filter(name => {
        const value = style.getPropertyValue(name);
        return value && value !== HIDES[name];
      });
      if (!shown.length) return false;
      if (!applies) return isOn(node, selector);
      for (const left of withoutStates(selector)) if (isOn(node, left)) return true;
      return false;
    });
  };
  const isOpened = (node, family) => {
    for (const one of around(node)) {
      if (one === body || one === root) break;
      const id = idOf(one), name = attribute.call(one, "class") || "";
      if (tagOf(one) === "dialog" || OPENED.has(attribute.call(one, "role")) || attribute.call(one, "popover") !== null) return true;
      if (READ_ALOUD.test(name) || isOpenedByRule(one, family)) return true;
      if (id && id.length < 200) {
        const quoted = CSS.escape(id);
        const named = `[aria-controls~="${quoted}"],[href="#${quoted}"],[data-target="#${quoted}"],[data-bs-target="#${quoted}"],[popovertarget="${quoted}"]`;
        if (find(named)) return true;
      }
      if (animationsOf.call(one).some(moving => moving.playState === "running")) return true;
    }
    return false;
  };
  // Slides lie beside each other, all alike, and one of them is to be seen.
  const isSlide = (node, frame) => {
    for (const one of around(node)) {
      if (one === frame) return false;
      const box = boxOf.call(one), beside = parentOf(one);
      if (!beside || box.width < 40 || box.height < 20) continue;
      const shown = boxOf.call(frame);
      for (const other of [...childrenOf(beside)].slice(0, MAX_SIBLINGS)) {
        const its = boxOf.call(other);
        const isInRow = Math.abs(its.top - box.top) <= 2 && shown.width > 100;
        const isAlike = Math.abs(its.height - box.height) <= 2 && (isInRow || Math.abs(its.width - box.width) <= 2) && tagOf(other) === tagOf(one);
        const isSeen = its.left < shown.right - 2 && its.right > shown.left + 2 && its.top < shown.bottom - 2 && its.bottom > shown.top + 2;
        if (other !== one && isAlike && isSeen) return true;
      }
    }
    return false;
  };

  const hidden = (kind, node, family) => ({kind, sure: !isOpened(node, family) && !areCut});
  const UNSURE = {kind: "clipped", sure: false};

  // By styles alone.
  const byStyle = node => {
    let seen = 1, holder = node;
    for (const one of around(node)) {
      const style = styleOf(one), tag = tagOf(one);
      if (tag === "marquee") return {kind: "marquee", sure: false};
      if (style.display === "none") return hidden("display_none", one, "display");
      const parent = parentOf(one);
      if (parent && tagOf(parent) === "details" && tag !== "summary" && attribute.call(parent, "open") === null) {
        return {kind: "closed_details", sure: false};
      }
      if (one !== node && style.contentVisibility === "hidden") return hidden("content_hidden", one, "display");
      const faded = /opacity\(([\d.]+)\)/.exec(style.filter);
      const its = +style.opacity * (faded ? +faded[1] : 1);
      if (its < 1) [seen, holder] = [seen * its, one];
    }
    if (styleOf(node).visibility !== "visible") return hidden("visibility_hidden", node, "visibility");
    if (seen <= FAINT) return hidden("opacity_zero", holder, "opacity");
    return seen < PALE ? {kind: "opacity_zero", sure: false} : null;
  };

  // By where it lies. `boxes`: of the piece, in the window.
  const isContaining = style => style.position !== "static" || style.transform !== "none" || style.filter !== "none";
  const byPlace = (node, boxes, isText) => {
    const box = boxes.reduce((widest, one) => (one.width * one.height > widest.width * widest.height ? one : widest), boxes[0]);
    if (isText && parseFloat(styleOf(node).fontSize) <= TINY) return hidden("zero_font", node, "size");
    if (box.width <= TINY || box.height <= TINY) return hidden("tiny_box", node, "size");
    let area = {left: box.left, top: box.top, right: box.right, bottom: box.bottom};
    let position = styleOf(node).position, clipper = null, isScrolled = false;
    for (let one = up(node), count = 0; one && one !== root && count < MAX_UP; one = up(one), count++) {
      const style = styleOf(one);
      const holds = position === "static" || position === "relative" || position === "sticky"
        || (position === "absolute" ? isContaining(style) : style.transform !== "none");
      if (!holds) continue;
      const clips = style.overflowX !== "visible" || style.overflowY !== "visible";
      if (clips && one !== body && style.display !== "inline") {
        const its = boxOf.call(one);
        const lost = its.left >= area.right - 1 || its.right <= area.left + 1 || its.top >= area.bottom - 1 || its.bottom <= area.top + 1
          || its.width <= TINY || its.height <= TINY;
        if (lost) {
          const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY) && its.height > 20 && its.width > 20;
          isScrolled ||= scrolls && (isTall(one) > highOf(one) || isWide(one) > wideOf(one));
          clipper = clipper || one;
        }
      }
      position = style.position;
    }
    const indent = parseFloat(styleOf(node).textIndent);
    if (clipper) {
      const its = boxOf.call(clipper);
      const kind = indent <= INDENT ? "text_indent" : its.width <= TINY || its.height <= TINY ? "tiny_box" : "clipped";
      const found = hidden(kind, node, "size");
      const away = isScrolled || isSlide(node, clipper) || isOpenedByRule(clipper, "size") || isOpened(node, "place");
      return away ? {...found, sure: false} : found;
    }
    const width = Math.max(innerWidth, isWide(root)), x = scrollX, y = scrollY;
    if (area.right + x <= 1 || area.bottom + y <= 1 || area.left + x >= width - 1) {
      return hidden(indent <= INDENT ? "text_indent" : "off_screen", node, "place");
    }
    return null;
  };

  // By what lies above and below it, asked of the browser at some points. The box is in the window.
  const pointsOf = boxes => boxes.slice(0, 3).flatMap(({left, top, width, height}) =>
    [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.3, 0.3], [0.7, 0.7]].map(([x, y]) => [left + x * width, top + y * height]));
  const isOpaque = node => {
    const style = styleOf(node), paint = colour(style.backgroundColor);
    return +style.opacity > 0.95 && (["img", "video", "iframe", "canvas"].includes(tagOf(node)) || (paint !== null && paint[3] > 0.95));
  };
  const rowsOf = cell => [...around(up(cell))].slice(0, 2).filter(one => /^(tr|tbody|thead|tfoot)$/.test(tagOf(one)));
  const groundAt = (stack, from) => {
    const layers = [];
    // A point of a row is one of its cells, but the row paints the ground.
    const below = stack.slice(from).flatMap(one => (/^t[dh]$/.test(tagOf(one)) ? [one, ...rowsOf(one)] : [one]));
    for (const one of below) {
      const style = styleOf(one), paint = colour(style.backgroundColor);
      if (["img", "video", "iframe", "canvas", "svg", "object", "embed"].includes(tagOf(one)) && one !== stack[from]) return null;
      if (style.backgroundImage !== "none" || paint === null) return null;
      if (paint[3] * +style.opacity > 0) layers.push([paint[0], paint[1], paint[2], paint[3] * +style.opacity]);
      if (layers.length && layers.at(-1)[3] >= 1) break;
    }
    return layers.reduceRight((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
  };
  const bySight = (node, boxes, isText) => {
    let reached = 0, covered = 0, isFloating = false, ground, where = null;
    const points = pointsOf(boxes).filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight);
    if (!points.length) return {kind: "off_screen", sure: false};
    for (const [x, y] of points) {
      const stack = stackAt(x, y), from = stack.findIndex(one => one === node || isHeld.call(node, one));
      if (from < 0) continue;
      const above = stack.slice(0, from).filter(one => !isHeld.call(one, node) && isOpaque(one));
      if (above.length) {
        covered++;
        isFloating ||= above.some(one => [...around(one)].some(two => /fixed|sticky/.test(styleOf(two).position)));
      } else {
        reached++;
        if (where === null) [ground, where] = [groundAt(stack, from), stack];
      }
    }
    if (!reached && styleOf(node).pointerEvents === "none") return UNSURE;
    if (!reached && covered) return isFloating ? {kind: "covered", sure: false} : hidden("covered", node, "place");
    if (!reached) return hidden("clipped", node, "place");
    return isText && ground ? byColour(node, ground) : null;
  };
  const byColour = (node, ground) => {
    const style = styleOf(node), fill = colour(style.webkitTextFillColor || style.color);
    const isFilled = style.textShadow !== "none" || style.webkitTextStrokeWidth !== "0px" || style.backgroundClip === "text"
      || [...around(node)].some(one => styleOf(one).backgroundClip === "text" || styleOf(one).mixBlendMode !== "normal");
    if (fill === null || isFilled) return null;
    const apart = distance(over(fill, ground), ground);
    if (fill[3] <= FAINT) return hidden("transparent_text", node, "colour");
    if (apart <= SAME) return hidden("same_colour", node, "colour");
    return apart < CLEAR ? {kind: "same_colour", sure: false} : null;
  };

  // The pieces of a link that can be seen: texts, pictures, painted boxes.
  const textBoxes = text => {
    const range = new Range();
    range.selectNodeContents(text);
    return [...range.getClientRects()];
  };
  const isPainted = node => {
    const style = styleOf(node), paint = colour(style.backgroundColor);
    const edged = ["Top", "Right", "Bottom", "Left"].some(side =>
      parseFloat(style[`border${side}Width`]) >= 1 && !/none|hidden/.test(style[`border${side}Style`]) && (colour(style[`border${side}Color`]) || [0, 0, 0, 1])[3] > PALE);
    return (style.backgroundImage !== "none" && style.backgroundClip !== "text") || edged || (paint !== null && paint[3] > PALE);
  };
  const drawsBeside = node => ["::before", "::after"].some(name => !/^(none|normal|""|'')$/.test(getComputedStyle(node, name).content));
  function* piecesOf(link) {
    const walker = Document.prototype.createTreeWalker.call(document, link, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = link, count = 0; node && count < MAX_INSIDE; node = walker.nextNode(), count++) {
      if (node instanceof Text) {
        if (node.data.replace(/[\s\u200b-\u200d\u2060\ufeff]/g, "")) yield [parentOf(node), () => textBoxes(node), true];
      } else if (PICTURES.has(tagOf(node))) yield [node, () => [...boxesOf.call(node)], false];
      else if (isPainted(node) || drawsBeside(node)) yield [node, () => [...boxesOf.call(node)], null];
    }
  }
  const judgePiece = ([node, boxes, isText]) => {
    const styled = byStyle(node);
    if (styled) return styled;
    let found = boxes();
    if (!found.length) return hidden("display_none", node, "display");
    const placed = byPlace(node, found, isText);
    if (placed) return placed;
    const first = found[0];
    if (first.top < 0 || first.bottom > innerHeight || first.left < 0 || first.right > innerWidth) {
      scrollTo({left: Math.max(0, first.left + scrollX - innerWidth / 2), top: first.top + scrollY - innerHeight / 2, behavior: "instant"});
      found = boxes();
    }
    if (isText === null) {
      const [box] = found;
      if (box.width <= SMALL || box.height <= SMALL) return {kind: "tiny_box", sure: false};
    }
    const small = isText && parseFloat(styleOf(node).fontSize) < SMALL;
    const sighted = bySight(node, found, isText);
    return sighted || (small ? {kind: "zero_font", sure: false} : null);
  };
  const judge = link => {
    let first = null, sure = true;
    for (const piece of piecesOf(link)) {
      const found = judgePiece(piece);
      // A painted box alone is seen, but says nothing: it may be a picture in the place of the text, or a stripe.
      if (found === null) return piece[2] === null && first ? {kind: first.kind, sure: false} : {kind: "", sure: piece[2] !== null};
      if (piece[2] === null) continue;
      first = first || found;
      sure &&= found.sure;
    }
    return first ? {kind: first.kind, sure} : {kind: "empty_link", sure: false};
  };

  // Of an address one of whose links was not looked at, nobody can say that it is hidden.
  const [x, y] = [scrollX, scrollY], seen = [], unseen = new Set();
  const addresses = asks(HTMLAnchorElement, "href"), hosts = asks(HTMLAnchorElement, "hostname");
  let counted = 0;
  for (const link of Document.prototype.querySelectorAll.call(document, "a[href]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    if (counted++ >= MAX_COUNTED) break;
    const address = addresses(link), host = hosts(link);
    if (!/^https?:/.test(address) || address.length > maxUrl || host === own || host.endsWith(`.${own}`)) continue;
    if (seen.length >= maxLinks || (seen.length && isLate())) { // of a machine that is busy with others, one is looked at
      unseen.add(address);
      continue;
    }
    const {kind, sure} = judge(link);
    seen.push([address, kind, sure]);
  }
  scrollTo({left: x, top: y, behavior: "instant"});
  const isDoubtful = counted > MAX_COUNTED;
  return seen.map(([address, kind, sure]) => [address, kind, sure && !(kind && (isDoubtful || unseen.has(address)))]);
})

/** The little Markdown of the documents as elements: paragraphs, numbered lists and `code`. */

import { h } from "../dom.js";

const ITEM = /^\d+\. /;

/** Blocks of a text. Lines of one block are joined: where they end in the source means nothing. */
export function prose(text) {
  return (text ?? "").trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    const lines = block.split("\n");
    if (!ITEM.test(lines[0])) return h("p", {}, inline(joined(lines)));
    const items = [];
    for (const line of lines) {
      if (ITEM.test(line)) items.push([line.replace(ITEM, "")]);
      else items.at(-1).push(line);
    }
    return h("ol", {}, items.map((item) => h("li", {}, inline(joined(item)))));
  });
}

/** A sentence: what stands in backticks is code. */
export function inline(text) {
  return (text ?? "").split(/(`[^`]+`)/).map((part) => (/^`[^`]+`$/.test(part) ? h("code", {}, part.slice(1, -1)) : part));
}

const ENDS_IN_MARK = /[\u3000-\u303f\uff00-\uffef]$/;
const BETWEEN_HAN = /[\u4e00-\u9fff]\n[\u3000-\u9fff\uff00-\uffef]/;

/** Chinese has no spaces between words, so none comes from the end of a line, unless code or foreign words follow. */
function joined(lines) {
  const join = (text, line) => (ENDS_IN_MARK.test(text) || BETWEEN_HAN.test(`${text.slice(-1)}\n${line[0]}`) ? text + line : `${text} ${line}`);
  return lines.map((line) => line.trim()).reduce(join);
}

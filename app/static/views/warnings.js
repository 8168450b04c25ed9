/** What limits a scan's results, folded into one line that says of what kinds it is. */

import { h, icon, setText, show } from "../dom.js";
import { textOfCode } from "../texts.js";

export function createWarnings(t) {
  const line = h("span", {});
  const list = h("ul", {});
  const element = h("details", { class: "warnings", hidden: true }, h("summary", {}, icon("warn"), line), list);
  let shown = "";

  function update(warnings) {
    const current = withoutDoubles(warnings);
    const key = JSON.stringify(current);
    if (key === shown) return;
    shown = key;
    show(element, current.length > 0);
    const kinds = [...new Set(current.map(({ code }) => code))].map((code) => textOfCode(t, "warning", code));
    setText(line, t("warnings.summary", { count: current.length, kinds: kinds.join(t("warnings.separator")) }));
    list.replaceChildren(
      ...current.map(({ code, message }) => h("li", {}, h("strong", {}, textOfCode(t, "warning", code)), " ", h("span", {}, message))),
    );
  }

  return { element, update };
}

function withoutDoubles(warnings) {
  const seen = new Set();
  return warnings.filter(({ code, message }) => !seen.has(code + message) && seen.add(code + message));
}

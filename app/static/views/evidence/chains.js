/** The ways from the site's pages to what was captured, hop by hop. */

import { h } from "../../dom.js";
import { addressOf } from "../../route.js";
import { foreign } from "./parts.js";
import { referenceItem } from "./references.js";

export function chainItem(view, chain) {
  const { t } = view;
  // When a partner forwards, the reference that counts is the partner's; what the site can mend is where it begins.
  const begins = chain.origin && chain.origin.reference_id !== chain.reference_id;
  return h("li", { class: "chain" },
    h("ol", { class: "hops" }, chain.steps.map((step) => hop(t, step))),
    chain.complete ? null : h("p", { class: "muted small" }, t("chain.incomplete")),
    chain.linked_from && h("p", { class: "small" }, t("chain.linked_from"), " ",
      h("a", { href: addressOf(view.scope, "pages", chain.linked_from.page_id) }, foreign(chain.linked_from.page_url))),
    begins && h("details", { class: "origin" }, h("summary", {}, t("chain.origin")), h("ul", {}, referenceItem(view, chain.origin))),
  );
}

function hop(t, step) {
  const how = [step.how_name, step.kind].filter(Boolean).join(" ");
  return h("li", { class: "hop", data: { own: String(step.own) } },
    how && h("span", { class: "hop-how" }, foreign(how)),
    foreign(step.url, "code"),
    h("span", { class: "muted small" }, t(step.own ? "chain.own" : "chain.foreign"), " · ", step.answer_text),
  );
}

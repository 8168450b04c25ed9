/** A page of the site, with what it refers to. */

import { h } from "../../dom.js";
import { captureItem } from "./captures.js";
import { copyable, factList, foreign, heading, section } from "./parts.js";
import { referenceList } from "./references.js";

const FIRST = 50; // references that come with a page; more come by as many

/** `view`: `{app, t, scope, contents}`. Returns `{title, parts}`. */
export function drawPage(view, page) {
  const { app, t } = view;
  const parts = [
    h("section", { class: "card" },
      heading(t("page.kind"), page.title || page.url),
      factList(
        [t("page.url"), copyable(app, page.url)],
        [t("page.depth"), page.depth === null ? null : String(page.depth)],
        [t("capture.answer"), page.status ? t("chain.status", { status: String(page.status) }) : (page.error ?? t("capture.no_answer"))],
        [t("page.type"), page.content_type && foreign([page.content_type, page.charset].filter(Boolean).join("; "))],
        [t("page.size"), new Intl.NumberFormat(t.language, { style: "unit", unit: "byte", unitDisplay: "long" }).format(page.size)],
        [t("page.truncated"), page.truncated && t("page.truncated_text")],
      ),
    ),
    section(t("page.references", { count: page.reference_count }), references(view, page)),
    section(t("capture.heading"), page.capture && h("ul", { class: "captures" }, captureItem(view, page.capture))),
  ];
  return { title: page.title || page.url, parts };
}

function references(view, page) {
  const { app, scope } = view;
  if (!page.reference_count) return h("p", { class: "muted" }, view.t("page.no_references"));
  const loadPage = async (number) => (await app.api.detailIn(scope, "pages", page.page_id, { page: number + 1, page_size: FIRST })).references;
  return referenceList(view, page.references, page.reference_count, { loadPage, ofPage: true });
}

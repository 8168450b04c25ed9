/** Where the site refers to a third party: page, link, place in the source, and how it is hidden. */

import { h, icon, saveFile, setText, show } from "../../dom.js";
import { errorText } from "../../errors.js";
import { addressOf } from "../../route.js";
import { copyable, factList, foreign } from "./parts.js";

const STEP = 10; // shown at once

export function referenceItem({ app, t, scope }, reference, { ofPage = false } = {}) {
  const page = reference.page_id === null ? null : addressOf(scope, "pages", reference.page_id);
  const party = reference.third_party && h("a", { href: addressOf(scope, "third-parties", reference.third_party) }, reference.third_party);
  return h("li", { class: "reference" },
    ofPage ? null : h("p", { class: "reference-page" },
      copyable(app, reference.page_url),
      page && h("a", { class: "small", href: page }, t("reference.page_detail")),
    ),
    factList(
      [t("reference.title"), !ofPage && reference.page_title && foreign(reference.page_title)],
      [t("reference.leads_to"), copyable(app, reference.url)],
      [t("finding.third_party"), ofPage && party],
      [t("reference.via"), reference.via && foreign(reference.via, "code")],
      [t("reference.how"), h("span", {}, `${reference.relation_name} `, foreign(reference.kind, "code"))],
      [t("reference.text"), reference.link_text && foreign(reference.link_text)],
      [t("reference.hidden"), reference.hidden_text && h("strong", { class: "alarm" }, reference.hidden_text)],
      [t("finding.author"), reference.author_text],
      [t("reference.dom_path"), reference.dom_path && copyable(app, reference.dom_path)],
      [t("reference.repeats"), reference.repeats > 0 && t("reference.repeats_text", { count: reference.repeats })],
    ),
    excerpt(t, reference),
  );
}

/** From the page's stored source when that was kept, else what the crawl noted of the element. */
function excerpt(t, { source, snippet }) {
  if (source) {
    const place = t("reference.source_place", { line: source.line, offset: source.offset });
    return h("figure", { class: "quote" }, h("figcaption", {}, place), foreign(source.excerpt, "pre"));
  }
  return snippet ? h("figure", { class: "quote" }, h("figcaption", {}, t("reference.snippet")), foreign(snippet, "pre")) : null;
}

/**
 * The references of a detail, a few at a time. `first`: those that are there; `count`: how many there are in all.
 * `loadPage(number)` promises a page of all of them, from 1 on; `ofPage`: they stand on the page that is shown.
 */
export function referenceList(view, first, count, { loadPage, ofPage = false }) {
  const { app, t } = view;
  const waiting = [...first];
  const known = new Set(first.map((reference) => reference.reference_id));
  let next = 1;
  let complete = first.length >= count;
  const list = h("ol", { class: "reference-list" });
  const more = h("button", { class: "quiet bordered small", type: "button", on: { click: load } });

  function put() {
    list.append(...waiting.splice(0, STEP).map((reference) => referenceItem(view, reference, { ofPage })));
    show(more, waiting.length > 0 || !complete);
    setText(more, t("reference.more", { shown: list.children.length, count }));
  }

  async function load() {
    more.disabled = true;
    try {
      while (waiting.length === 0 && !complete) await fetchMore();
      put();
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
    }
    more.disabled = false;
  }

  async function fetchMore() {
    const found = await loadPage(next);
    next += 1;
    waiting.push(...found.filter(({ reference_id: id }) => !known.has(id) && known.add(id)));
    complete = found.length === 0 || known.size >= count;
  }

  put();
  return h("div", {}, list, more);
}

/** A button that saves all references to one third party as a table. */
export function referenceTable({ app, t, scope }, domain) {
  const save = async () => {
    try {
      saveFile(await app.api.referenceFile(scope, domain), `references-${domain}.csv`);
    } catch (error) {
      app.toast(errorText(t, error), { kind: "error" });
    }
  };
  return h("button", { class: "quiet bordered small", type: "button", on: { click: save } }, icon("download"), t("reference.table"));
}

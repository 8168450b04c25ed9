/** A finding: what it is, why it is so bad, what to do, and everything that speaks for it. */

import { h } from "../../dom.js";
import { formatInstant, formatScore } from "../../format.js";
import { addressOf } from "../../route.js";
import { textOfCode } from "../../texts.js";
import { riskBadge } from "../badges.js";
import { captureItem } from "./captures.js";
import { chainItem } from "./chains.js";
import { copyable, factList, foreign, heading, section } from "./parts.js";
import { referenceList, referenceTable } from "./references.js";

/** `view`: `{app, t, scope, contents}`. Returns `{title, parts}`. */
export function drawFinding(view, finding) {
  const { t, scope } = view;
  const name = textOfCode(t, "violation", finding.violation_key, finding.violation_name);
  const marks = [riskBadge(t, finding.risk.level), finding.needs_review && h("span", { class: "badge review" }, t("violations.review"))];
  const party = finding.third_party && h("a", { href: addressOf(scope, "third-parties", finding.domain) }, t("finding.all_of_party"));
  const parts = [
    h("section", { class: "card" },
      heading(name, finding.domain, marks),
      h("p", { class: "lead" }, finding.summary),
      factList(
        [t("finding.page"), finding.page_url && h("span", {}, copyable(view.app, finding.page_url), pageLink(view, finding))],
        [t("finding.author"), finding.author_text],
        [t("finding.confidence"), formatScore(finding.confidence_score, t.language)],
        [t("finding.found_at"), formatInstant(finding.found_at, t.language)],
        [t("finding.third_party"), party],
      ),
    ),
    h("div", { class: "pair" },
      section(t("finding.why"), riskTable(t, finding.risk)),
      section(t("finding.what_to_do"), h("ol", { class: "advice" }, finding.advice.map((step) => h("li", {}, foreign(step.text))))),
    ),
    section(t("finding.evidence"), h("ol", { class: "evidence-list" }, finding.evidence.map((item) => evidenceItem(t, item)))),
    ...surroundings(view, finding, finding.domain),
  ];
  return { title: `${name} · ${finding.domain}`, parts };
}

/** To the page that has the worst reference; the site's own address that forwards is no page that could be shown. */
function pageLink({ t, scope }, finding) {
  const found = finding.references.find((reference) => reference.page_url === finding.page_url && reference.page_id !== null);
  return found && h("a", { class: "small", href: addressOf(scope, "pages", found.page_id) }, ` ${t("reference.page_detail")}`);
}

function riskTable(t, risk) {
  const row = (text, points, name) => h("tr", { class: name }, h("td", {}, text), h("td", { class: "points" }, points));
  return h("table", { class: "sum" }, h("tbody", {},
    risk.reasons.map((reason) => row(reason.text, signed(reason.points))),
    row(t("finding.score", { level: risk.level_name }), String(risk.score), "total"),
  ));
}

function signed(points) {
  return points < 0 ? `−${-points}` : `+${points}`;
}

function evidenceItem(t, item) {
  return h("li", { class: "evidence" },
    h("p", {}, h("strong", {}, item.whose_name), item.url && " ", item.url && foreign(item.url, "code")),
    h("p", {}, foreign(item.text), " ", h("span", { class: "muted small" }, formatScore(item.score, t.language))),
    item.terms.length > 0 && h("p", { class: "terms" }, item.terms.map((term) => foreign(termText(t, item, term), "mark"))),
    item.snippet && h("figure", { class: "quote" },
      item.offset !== null && h("figcaption", {}, t("evidence.offset", { offset: item.offset })),
      foreign(item.snippet, "pre"),
    ),
    h("p", { class: "muted small" }, t("evidence.source", { source: item.source, rule: item.rule })),
  );
}

/** The term of a hidden link's target is the kind of what stands there. */
function termText(t, { rule }, term) {
  return rule === "hidden_link.target" ? textOfCode(t, "violation", term) : term;
}

/** What a finding and a third party have alike: who refers to it, how one gets there, what was captured. */
export function surroundings(view, found, domain) {
  const { app, t, scope } = view;
  const loadPage = async (page) => (await app.api.listIn(scope, "references", { domain, page })).items;
  const captures = (items) => items.length > 0 && h("ul", { class: "captures" }, items.map((capture) => captureItem(view, capture)));
  return [
    section(t("reference.heading", { count: found.reference_count }),
      found.references.length > 0 && referenceList(view, found.references, found.reference_count, { loadPage }),
      found.references.length > 0 && h("p", { class: "card-foot" }, referenceTable(view, domain)),
    ),
    section(t("chain.heading"), found.chains.length > 0 && h("ol", { class: "chains" }, found.chains.map((chain) => chainItem(view, chain)))),
    section(t("capture.heading"), captures(found.captures)),
    section(t("capture.site_heading"), captures(found.site_captures)),
  ];
}

/** What the views of evidence share. Texts of pages are shown as text, addresses are no links. */

import { h } from "../../dom.js";
import { addressOf } from "../../route.js";
import { textOfCode } from "../../texts.js";
import { riskBadge } from "../badges.js";

/** A card with a heading; null when there is nothing in it. */
export function section(title, ...children) {
  const shown = children.flat().filter(Boolean);
  return shown.length ? h("section", { class: "card" }, h("h2", { class: "card-title" }, title), shown) : null;
}

/** Names and values; those without a value are left out. */
export function factList(...facts) {
  const shown = facts.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return h("dl", { class: "fact-list" }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A text that a page, a server or a certificate has a say in. */
export function foreign(text, tag = "span") {
  return h(tag, { class: "foreign" }, text);
}

export function copyable(app, text) {
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    app.toast(app.t("app.copied"), { kind: "success" });
  };
  const label = `${app.t("app.copy")}: ${text}`;
  const button = navigator.clipboard && h("button", { class: "quiet tiny", type: "button", "aria-label": label, on: { click: copy } }, app.t("app.copy"));
  return h("span", { class: "copyable" }, foreign(text, "code"), button);
}

/** The head of a detail: what it is, and its marks. */
export function heading(kind, title, ...marks) {
  return h("div", { class: "detail-head" },
    h("p", { class: "muted small" }, kind),
    h("div", { class: "title-line" }, h("h1", { class: "domain", tabindex: "-1" }, title), marks),
  );
}

/** One finding in a list: what, how bad and why, whose content, on which page. */
export function findingItem({ t, scope }, finding) {
  const { risk } = finding;
  return h("li", { class: "finding", data: { risk: risk.level, id: finding.finding_id } },
    h("div", { class: "violation-head" },
      riskBadge(t, risk.level),
      h("span", { class: "violation-type" }, textOfCode(t, "violation", finding.violation_key, finding.violation_name)),
      finding.needs_review && h("span", { class: "badge review" }, t("violations.review")),
    ),
    h("p", { class: "violation-domain" }, h("a", { href: addressOf(scope, "findings", finding.finding_id) }, finding.domain)),
    h("p", { class: "violation-text" }, finding.summary),
    factList(
      [t("finding.page"), finding.page_url && foreign(finding.page_url, "code")],
      [t("finding.author"), finding.author_text],
      [t("finding.why"), t("finding.sum", { reasons: risk.reasons.map((reason) => reason.text).join(t("finding.separator")), score: risk.score })],
    ),
  );
}

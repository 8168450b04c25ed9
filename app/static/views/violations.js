/** The violations, newest first. URLs stay text: nobody should follow one by mistake. */

import { h, setText, show } from "../dom.js";
import { formatClock, formatScore } from "../format.js";
import { addressOf } from "../route.js";
import { MAX_VIOLATIONS } from "../taskstate.js";
import { textOfCode } from "../texts.js";
import { riskBadge, riskCounts } from "./badges.js";

export function createViolations(app) {
  const { t } = app;
  const cards = new Map(); // violation id -> element
  let run = null;
  let settled = false; // what came with the first state is not new

  const total = h("span", { class: "count" });
  const risks = h("span", { class: "risk-counts" });
  const list = h("ol", { class: "violation-list", tabindex: "0", "aria-labelledby": "violations-title" });
  const empty = h("p", { class: "state small" });
  const more = h("p", { class: "muted small", hidden: true });
  const element = h("section", { class: "card violations-card", "aria-labelledby": "violations-title" },
    h("div", { class: "section-head" }, h("h2", { id: "violations-title" }, t("violations.title"), " ", total), risks),
    empty, list, more,
  );

  function update(state) {
    if (run !== state.run) clear(state.run);
    const added = [];
    for (const [id, violation] of state.found) {
      if (cards.has(id)) continue;
      const card = createCard(app, violation, evidenceOf(state, violation.domain));
      cards.set(id, card);
      added.push(violation);
      if (settled) card.classList.add("new");
    }
    for (const id of cards.keys()) {
      if (!state.found.has(id)) {
        cards.get(id).remove();
        cards.delete(id);
      }
    }
    if (added.length) place(state.found);
    if (settled && added.length) announce(added);
    settled = true;
    showCounts(state);
  }

  /** The list in the order of the state, newest first; elements that stand right are not touched. */
  function place(found) {
    let next = list.firstChild;
    for (const id of [...found.keys()].reverse()) {
      const card = cards.get(id);
      if (card === next) next = next.nextSibling;
      else list.insertBefore(card, next);
    }
  }

  function clear(newRun) {
    run = newRun;
    cards.clear();
    list.replaceChildren();
  }

  function announce(added) {
    const latest = added.at(-1);
    const type = textOfCode(t, "violation", latest.violation_key, latest.violation_type);
    const risk = textOfCode(t, "risk", latest.risk_level);
    const key = added.length > 1 ? "violations.announce_many" : "violations.announce";
    app.announce(t(key, { count: added.length, domain: latest.domain, type, risk }));
  }

  let shownCounts = "";
  function showCounts(state) {
    setText(total, String(state.counts.total));
    const counts = JSON.stringify(state.counts);
    if (counts !== shownCounts) risks.replaceChildren(...riskCounts(t, state.counts));
    shownCounts = counts;
    show(empty, state.counts.total === 0);
    show(list, state.found.size > 0);
    setText(empty, t(emptyText(state)));
    show(more, state.counts.total > MAX_VIOLATIONS);
    setText(more, t("violations.more", { count: state.found.size }));
  }

  return { element, update };
}

function emptyText(state) {
  if (!state.ended) return "violations.empty_running";
  if (state.verdict?.result === "inconclusive") return "violations.empty_inconclusive";
  return state.status === "completed" ? "violations.empty_done" : "violations.empty_stopped";
}

/** Where the evidence is that there is so far; null for the site itself, which is no third party. */
function evidenceOf({ task_id: taskId, attempt, target_domain: target }, domain) {
  const isOwn = domain === target || domain.endsWith(`.${target}`);
  return isOwn ? null : addressOf({ taskId, attempt: attempt > 1 ? attempt : null }, "third-parties", domain);
}

function createCard(app, violation, evidence) {
  const { t } = app;
  const confidence = formatScore(violation.confidence_score, t.language);
  return h("li", { class: "violation", data: { risk: violation.risk_level, id: violation.violation_id } },
    h("div", { class: "violation-head" },
      riskBadge(t, violation.risk_level),
      h("span", { class: "violation-type" }, textOfCode(t, "violation", violation.violation_key, violation.violation_type)),
      violation.needs_review && h("span", { class: "badge review" }, t("violations.review")),
      h("span", { class: "violation-side" },
        h("span", { class: "confidence" }, t("violations.confidence", { percent: confidence })),
        h("time", { datetime: violation.created_at }, formatClock(violation.created_at, t.language)),
      ),
    ),
    h("p", { class: "violation-domain" }, evidence ? h("a", { href: evidence }, violation.domain) : violation.domain),
    h("p", { class: "violation-text" }, violation.description),
    violation.url && plainUrl(app, t("violations.url"), violation.url),
    violation.found_on && plainUrl(app, t("violations.found_on"), violation.found_on),
  );
}

function plainUrl(app, label, url) {
  const copy = async () => {
    await navigator.clipboard.writeText(url);
    app.toast(app.t("app.copied"), { kind: "success" });
  };
  return h("p", { class: "url" },
    h("span", { class: "url-label" }, label),
    h("code", {}, url),
    navigator.clipboard && h("button", { class: "quiet tiny", type: "button", "aria-label": `${app.t("app.copy")}: ${label}`, on: { click: copy } }, app.t("app.copy")),
  );
}

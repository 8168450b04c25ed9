/** The third parties. Read from REST, at most every few seconds: there is no event for each. */

import { RISK_LEVELS } from "../contract.js";
import { h, setText, show } from "../dom.js";
import { errorText } from "../errors.js";
import { addressOf } from "../route.js";
import { textOfCode } from "../texts.js";
import { riskBadge } from "./badges.js";

const MOST = 1_000;
const PAUSE_MS = 5_000; // between two reads
const STEP = 20; // percent of a stage after which it is read anew

/** `scopeOf()` gives whose third parties are shown. */
export function createParties(app, scopeOf) {
  const { t } = app;
  let wanted = null; // what the state said at the last read
  let ended = false;
  let readAt = 0;
  let timer = null;
  let disposed = false;
  let items = []; // as REST lists them
  let risks = new Map(); // domain -> level of its worst finding, which says more than a violation by itself

  const total = h("span", { class: "count" });
  const body = h("tbody");
  const column = (key, name) => h("th", { scope: "col", class: name }, t(key));
  const table = h("div", { class: "table-frame", hidden: true, tabindex: "0", role: "region", "aria-labelledby": "parties-title" },
    h("table", {},
      h("thead", {}, h("tr", {},
        column("parties.domain", "c-domain"), column("parties.risk", "c-risk"), column("parties.outcome", "c-outcome"),
        column("parties.category", "c-category"), column("parties.relation", "c-relation"),
        column("parties.references", "c-number"), column("parties.hidden", "c-number"),
      )),
      body,
    ),
  );
  const note = h("p", { class: "state small" }, t("app.loading"));
  const retry = h("button", { class: "quiet bordered small", type: "button", hidden: true, on: { click: () => read() } }, t("app.retry"));
  const more = h("p", { class: "muted small", hidden: true });
  const element = h("section", { class: "card parties-card", "aria-labelledby": "parties-title" },
    h("div", { class: "section-head" }, h("h2", { id: "parties-title" }, t("parties.title"), " ", total)),
    note, retry, table, more,
  );

  /** Reads anew when the state shows that there is more to read. */
  function update(state) {
    ended = state.ended;
    const { total_third_party_domains: count, total_violations: violations } = state.statistics;
    const signature = [state.run, count, violations, state.status, stageKey(state)].join(":");
    if (signature === wanted) return;
    wanted = signature;
    setText(note, t(ended ? "parties.empty_done" : "parties.empty_running"));
    if (timer === null) timer = setTimeout(read, Math.max(0, readAt + PAUSE_MS - Date.now()));
  }

  async function read() {
    clearTimeout(timer);
    timer = null;
    readAt = Date.now();
    try {
      const found = await app.api.thirdParties(scopeOf(), MOST);
      if (!disposed) take(found);
    } catch (error) {
      if (!disposed) fail(error);
    }
  }

  /** Takes the findings, the worst first. */
  function setRisks(findings) {
    risks = new Map([...findings].reverse().map(({ domain, risk }) => [domain, risk.level]));
    draw();
  }

  function draw() {
    const judged = items.map((party) => ({ ...party, risk_level: risks.get(party.domain) ?? party.risk_level }));
    body.replaceChildren(...judged.sort(byRisk).map((party) => row(t, scopeOf(), party)));
  }

  function take({ items: found, total: number }) {
    items = found;
    draw();
    setText(total, number ? String(number) : "");
    setText(note, t(ended ? "parties.empty_done" : "parties.empty_running"));
    show(note, items.length === 0);
    show(table, items.length > 0);
    show(retry, false);
    show(more, number > items.length);
    setText(more, t("parties.more", { count: items.length }));
  }

  function fail(error) {
    setText(note, `${t("parties.failed")}: ${errorText(t, error)}`);
    show(note, true);
    show(retry, true);
  }

  return {
    element,
    update,
    setRisks,
    dispose() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}

/** Stages before the third parties say nothing about them. While captures are made, outcomes follow in a few steps. */
function stageKey(state) {
  return state.stages.slice(2).map(({ status, progress }) => `${status} ${Math.floor(progress / STEP)}`).join(",");
}

function rank(party) {
  return party.risk_level === null ? RISK_LEVELS.length : RISK_LEVELS.indexOf(party.risk_level);
}

function byRisk(a, b) {
  return rank(a) - rank(b) || b.references - a.references || (a.domain < b.domain ? -1 : 1);
}

function row(t, scope, party) {
  return h("tr", {},
    h("th", { scope: "row", class: "c-domain" },
      h("a", { class: "domain", href: addressOf(scope, "third-parties", party.domain) }, party.domain),
      party.host_count > 1 && h("span", { class: "muted small", title: party.hosts.join("\n") }, t("parties.hosts", { count: party.host_count })),
    ),
    h("td", { class: "c-risk" }, party.risk_level ? riskBadge(t, party.risk_level) : h("span", { class: "muted" }, "—")),
    h("td", { class: party.outcome === "examined" ? "c-outcome muted" : "c-outcome" }, textOfCode(t, "outcome", party.outcome)),
    h("td", { class: "c-category" }, textOfCode(t, "category", party.category)),
    h("td", { class: "c-relation" }, textOfCode(t, "relation", party.relation)),
    h("td", { class: "c-number" }, String(party.references)),
    h("td", { class: "c-number" }, party.hidden ? String(party.hidden) : h("span", { class: "muted" }, "—")),
  );
}

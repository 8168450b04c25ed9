/** A third party: whether anything was found about it or not, how the site leads to it and what it showed. */

import { h } from "../../dom.js";
import { textOfCode } from "../../texts.js";
import { riskBadge } from "../badges.js";
import { surroundings } from "./finding.js";
import { factList, findingItem, foreign, heading, section } from "./parts.js";

/** `view`: `{app, t, scope, contents}`. Returns `{title, parts}`. */
export function drawParty(view, found) {
  const { t } = view;
  const party = found.third_party;
  const findings = found.findings.map((finding) => findingItem(view, finding));
  const parts = [
    h("section", { class: "card" },
      heading(t("party.kind"), party.domain, party.risk_level && riskBadge(t, party.risk_level)),
      factList(
        [t("parties.category"), textOfCode(t, "category", party.category)],
        [t("parties.outcome"), textOfCode(t, "outcome", party.outcome)],
        [t("parties.relation"), textOfCode(t, "relation", party.relation)],
        [t("parties.references"), String(party.references)],
        [t("parties.hidden"), party.hidden > 0 && String(party.hidden)],
        [t("party.hosts", { count: party.host_count }), foreign(party.hosts.join(", "))],
      ),
    ),
    section(t("findings.title"), findings.length ? h("ol", { class: "finding-list" }, findings) : h("p", { class: "muted" }, t("party.no_findings"))),
    ...surroundings(view, found, party.domain),
  ];
  return { title: party.domain, parts };
}

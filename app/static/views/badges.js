/** Small marks that several views show. */

import { h } from "../dom.js";
import { textOfCode } from "../texts.js";

export const RISKS = ["critical", "high", "medium", "low"];

export function statusBadge(t, status) {
  return h("span", { class: "badge status", data: { status } }, textOfCode(t, "status", status));
}

export function riskBadge(t, risk) {
  return h("span", { class: "badge risk", data: { risk } }, textOfCode(t, "risk", risk));
}

/** How many violations of each risk there are; nothing for risks without one. */
export function riskCounts(t, counts) {
  return RISKS.filter((risk) => counts[risk]).map((risk) => {
    const label = `${textOfCode(t, "risk", risk)}: ${counts[risk]}`;
    return h("span", { class: "badge risk count", data: { risk }, title: label },
      h("span", { class: "visually-hidden" }, label),
      h("span", { "aria-hidden": "true" }, String(counts[risk])),
    );
  });
}

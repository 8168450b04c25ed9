/** Small marks that several views show. */

import { CUTS, DECISIVE, RISK_LEVELS } from "../contract.js";
import { h } from "../dom.js";
import { textOfCode } from "../texts.js";

export function statusBadge(t, status) {
  return h("span", { class: "badge status", data: { status } }, textOfCode(t, "status", status));
}

export function verdictBadge(t, verdict) {
  return h("span", { class: "badge verdict", data: { result: verdict.result } }, textOfCode(t, "verdict", verdict.result));
}

/** The verdict with what must be known beside it; the bare word when that is nothing. */
export function verdictText(t, verdict) {
  const result = textOfCode(t, "verdict", verdict.result);
  const wanted = [...(verdict.result === "inconclusive" ? DECISIVE : []), ...CUTS];
  const reasons = verdict.reasons.filter((code) => wanted.includes(code)).map((code) => textOfCode(t, "reason", code));
  return reasons.length ? t("verdict.because", { result, reasons: reasons.join(t("verdict.separator")) }) : result;
}

export function riskBadge(t, risk) {
  return h("span", { class: "badge risk", data: { risk } }, textOfCode(t, "risk", risk));
}

/** How many violations of each risk there are; nothing for risks without one. */
export function riskCounts(t, counts) {
  return RISK_LEVELS.filter((risk) => counts[risk]).map((risk) => {
    const label = `${textOfCode(t, "risk", risk)}: ${counts[risk]}`;
    return h("span", { class: "badge risk count", data: { risk }, title: label },
      h("span", { class: "visually-hidden" }, label),
      h("span", { "aria-hidden": "true" }, String(counts[risk])),
    );
  });
}

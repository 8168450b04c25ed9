/** Findings and violations in one shape, grouped by domain, the worst first. */

import { RISK_LEVELS } from "@/generated/contract";
import type { AccusedThirdParty, FindingSummary } from "@/generated/rest";
import type { KnownViolation } from "@/realtime";
import type { Texts } from "@/texts";

export interface Entry {
  id: string;
  domain: string;
  risk: string;
  /** What kind of violation. */
  title: string;
  text: string;
  /** Of the violation; text, never a link. */
  url: string | null;
  /** Of the scanned site, that refers to it. */
  page: string | null;
  /** Somebody should look before anything is done; not once it is decided. */
  needsReview: boolean;
  /** 0..1. */
  confidence: number;
  /** Why this risk; null while nobody has summed it up. */
  why: string | null;
  author: string | null;
  /** What somebody decided about it; null: nothing, or nothing is known of it yet. */
  decision: FindingSummary["decision"];
  /** What applies of that: "open" once more was found than was decided about. */
  state: FindingSummary["state"];
  /** As REST lists it; null while the scan runs. */
  finding: FindingSummary | null;
  /** Whether there is a page with all evidence. */
  hasEvidence: boolean;
}

export interface Group {
  domain: string;
  /** The highest of its entries. */
  risk: string;
  entries: Entry[];
}

/** A finding that is decided needs no review any more, whatever its confidence. */
export function needsReview({ needs_review, state }: Pick<FindingSummary, "needs_review" | "state">): boolean {
  return needs_review && state === "open";
}

export function entryOfFinding({ t, code }: Texts, finding: FindingSummary): Entry {
  const { risk } = finding;
  const reasons = risk.reasons.filter(({ points }) => points !== 0).map((reason) => reason.text).join(t("finding.separator"));
  return {
    id: finding.finding_id, domain: finding.domain, risk: risk.level, text: finding.summary, url: finding.url,
    title: code("violation", finding.violation_key, finding.violation_name), page: finding.page_url,
    needsReview: needsReview(finding), confidence: finding.confidence_score, author: finding.author_text,
    why: t("finding.sum", { reasons, score: risk.score }), decision: finding.decision, state: finding.state, finding, hasEvidence: true,
  };
}

/** Of each finding the violation that names its cause, in the order in which the findings come. */
export function headsOf(violations: Iterable<KnownViolation>): KnownViolation[] {
  const heads = new Map<string, KnownViolation>();
  for (const item of violations) {
    const isCause = item.finding_id === `${item.violation_key}.${item.domain}`;
    if (isCause || !heads.has(item.finding_id)) heads.set(item.finding_id, item);
  }
  return [...heads.values()];
}

/** `target`: the scanned site, of whose own hosts nobody keeps what leads to them. */
export function entryOfViolation({ code }: Texts, violation: KnownViolation, target: string): Entry {
  const { domain } = violation;
  return {
    id: violation.violation_id, domain, risk: violation.risk_level, text: violation.description,
    title: code("violation", violation.violation_key, violation.violation_type), url: violation.url,
    page: violation.found_on, needsReview: violation.needs_review, confidence: violation.confidence_score, author: null,
    why: null, decision: null, state: "open", finding: null, hasEvidence: domain !== target && !domain.endsWith(`.${target}`),
  };
}

function rank(risk: string): number {
  const index = (RISK_LEVELS as readonly string[]).indexOf(risk);
  return index < 0 ? RISK_LEVELS.length : index;
}

/** The worst first; of equal risk in the order in which they were. */
export function byRisk(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => rank(a.risk) - rank(b.risk));
}

/** Entries keep their order within a domain, but for the risk; so do domains of equal risk. */
export function groupByDomain(entries: readonly Entry[]): Group[] {
  const groups = new Map<string, Group>();
  for (const entry of byRisk(entries)) {
    const group = groups.get(entry.domain);
    if (group === undefined) groups.set(entry.domain, { domain: entry.domain, risk: entry.risk, entries: [entry] });
    else group.entries.push(entry);
  }
  return [...groups.values()];
}

/** What a third party is called where there is room for one word: what its content is accused of, then its category if that is known. */
export function partyCategory({ t, code }: Texts, { category, violation_key: accused }: AccusedThirdParty): string {
  const known = accused && category === "unknown" ? [] : [code("category", category)];
  return [...(accused ? [code("violation", accused)] : []), ...known].join(t("finding.separator"));
}

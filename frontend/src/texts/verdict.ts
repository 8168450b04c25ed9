/** What a scan says, in one sentence: the first thing on its page. */

import type { FindingSum } from "@/composables/useFindings";
import type { ShownState } from "@/composables/useScan";
import { CUTS, DECISIVE, PARTIES } from "@/generated/contract";
import type { Reason, VerdictInfo } from "@/generated/rest";

import type { Texts } from ".";

export type Tone = "bad" | "warn" | "good" | "running" | "calm";
/** `more`: what limits the sentence, and of a scan that runs what it does; empty when there is nothing to say. */
export interface Sentence {
  tone: Tone;
  text: string;
  more: string;
}

/** `sum`: the findings of a scan that has ended, in numbers; null: not read yet, so no number is said. */
export function sentenceOf(texts: Texts, state: ShownState, sum: FindingSum | null = null): Sentence {
  const { t } = texts;
  switch (state.status) {
    case "pending":
      return { tone: "calm", text: waiting(texts, state), more: "" };
    case "running":
      return running(texts, state);
    case "cancelling":
      return { tone: "running", text: t("status.cancelling"), more: "" };
    case "failed":
      return { tone: "bad", text: t("task.error", { message: failure(texts, state) }), more: soFar(texts, state, sum) };
    case "cancelled":
      return { tone: "calm", text: cancelled(texts, state), more: joined(texts, t("sentence.incomplete"), soFar(texts, state, sum)) };
    case "completed":
      return completed(texts, state, sum);
  }
}

function waiting({ t }: Texts, state: ShownState): string {
  if (state.progress > 0) return t("task.resuming");
  return state.queuePosition === null ? t("status.pending") : t("task.queue", { count: state.queuePosition });
}

/** The stages that are at work, then what the busiest of them says. A scan works on several at once. */
function running(texts: Texts, state: ShownState): Sentence {
  const { t, code } = texts;
  const { stages, message, stageKey } = state;
  const nameOf = (stage: (typeof stages)[number]) => code("stage", stage.key, stage.name);
  const text = stages.filter(({ status }) => status === "running").map(nameOf).join(t("stages.separator"));
  if (text === "") return { tone: "running", text: message ?? code("stage", stageKey, t("status.running")), more: soFar(texts, state) };
  const isName = stages.some((stage) => message === stage.name || message === nameOf(stage)); // it has said nothing yet
  return { tone: "running", text, more: joined(texts, isName ? "" : (message ?? ""), soFar(texts, state)) };
}

function failure({ code, t }: Texts, { error }: ShownState): string {
  return code("failure", error?.code ?? "internal", error?.message ?? t("failure.internal"));
}

/** By whom it was cancelled, and how far it had come by then. */
function cancelled({ t }: Texts, { endedBy, startedAt, progress, statistics }: ShownState): string {
  const numbers = { percent: progress, pages: statistics.total_pages_crawled ?? 0 };
  if (endedBy === null) return t("sentence.cancelled_by_unknown", numbers);
  return startedAt === null ? t("sentence.cancelled_before_start", { by: endedBy }) : t("sentence.cancelled", { by: endedBy, ...numbers });
}

/** Of a scan that has ended `sum` says it, which leaves out what was dismissed, unless it is about an earlier attempt. */
function soFar(texts: Texts, { ended, attempt, findingCounts: { total = 0, critical = 0, high = 0 } }: ShownState, sum: FindingSum | null = null): string {
  const { t } = texts;
  if (ended && sum === null) return "";
  const { findings, severe, dismissed } = sum?.attempt === attempt ? sum : { findings: total, severe: critical + high, dismissed: 0 };
  const found = findings > 0 ? t("sentence.so_far", { count: findings, severe }) : "";
  return joined(texts, found, notCounted(texts, dismissed));
}

function notCounted({ t }: Texts, dismissed: number): string {
  return dismissed > 0 ? t("sentence.not_counted", { count: dismissed }) : "";
}

function joined({ t }: Texts, ...said: string[]): string {
  return said.filter((one) => one !== "").join(t("sentence.separator"));
}

/** A scan that names no verdict is of an old version: nobody counted what it did not see. */
function completed(texts: Texts, state: ShownState, sum: FindingSum | null): Sentence {
  const { t } = texts;
  const pages = state.statistics.total_pages_crawled ?? 0;
  const more = limits(texts, state);
  switch (state.verdict?.result ?? "inconclusive") {
    case "violations":
      if (sum !== null && sum.findings === 0 && sum.dismissed > 0) return { tone: "calm", text: t("sentence.dismissed", { count: sum.dismissed, pages }), more };
      return { tone: "bad", text: violating(texts, sum, pages), more: joined(texts, notCounted(texts, sum?.dismissed ?? 0), more) };
    case "clean":
      return { tone: "good", text: t("sentence.clean", { pages }), more };
    case "inconclusive":
      if (pages === 0) return { tone: "bad", text: t("sentence.nothing"), more };
      return { tone: "warn", text: t(lacksPartiesAlone(state) ? "sentence.parties_unread" : "sentence.inconclusive", { pages }), more };
  }
}

/** The site's own pages were seen. */
function lacksPartiesAlone({ verdict }: ShownState): boolean {
  const decisive = (verdict?.reasons ?? []).filter((reason) => DECISIVE.has(reason));
  return decisive.length > 0 && decisive.every((reason) => reason === "low_party_coverage");
}

function isOfParties(reason: Reason): reason is (typeof PARTIES)[number] {
  return (PARTIES as readonly Reason[]).includes(reason);
}

/** What the list of findings below says as well. */
function violating({ t }: Texts, sum: FindingSum | null, pages: number): string {
  if (sum === null || sum.findings === 0) return t("sentence.violations_unread", { pages });
  const { findings, severe, domains, checked, checkable } = sum;
  const found = t("sentence.findings", { count: findings });
  if (checkable === 0) return t("sentence.violations_pages", { count: domains, found, severe, pages }); // URLs were not counted
  return t("sentence.violations", { count: domains, found, severe, checked, checkable });
}

/** Why there is no conclusion, what cut the scan short, and how many third parties were not seen. */
function limits(texts: Texts, { verdict }: ShownState): string {
  return verdict === null ? "" : limitsOf(texts, verdict);
}

/** The same of a verdict alone. */
export function limitsOf({ t, code }: Texts, verdict: VerdictInfo): string {
  const said = new Set<string>([...(verdict.result === "inconclusive" ? DECISIVE : []), ...CUTS, ...PARTIES]);
  const name = (reason: Reason) => {
    const count = verdict.counts?.[reason];
    return count === undefined || !isOfParties(reason) ? code("reason", reason) : t(`reason_count.${reason}`, { count });
  };
  const reasons = (verdict.reasons ?? []).filter((reason) => said.has(reason)).map(name);
  return reasons.join(t("sentence.separator"));
}

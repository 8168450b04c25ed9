/** Decisions about findings of a list, one or many at once, and how the last are taken back. */

import { computed, shallowRef } from "vue";

import type { ApiError } from "@/api/problem";
import type { DecisionInfo, DecisionState } from "@/generated/rest";
import { useTexts } from "@/texts";
import { errorText } from "@/texts/errors";

import { forEachFew } from "./forEachFew";
import { decidedAs, isSame, useDecisions, type DecidedFinding } from "./useDecisions";

const MOST_BATCHES = 20; // that can be taken back, one after the other
const CONFLICT = 409; // somebody else has decided since: what they said stays

/** A finding as it was, and what was decided. */
interface Step {
  before: DecidedFinding;
  decision: DecisionInfo;
}

/** What was decided in one step: the findings as they were, and what counts now. */
export interface Batch {
  state: DecisionState;
  done: readonly Step[];
}

/** Of a finding whose decision or undo was refused, as it was before. */
export interface Failure {
  before: DecidedFinding;
  error: unknown;
}

/** `take` gets each finding as the server has it now. `last`: what `undo` takes back; null: nothing. */
export function useTriage(take: (now: DecidedFinding) => void) {
  const texts = useTexts();
  const { decide: send, restore } = useDecisions();
  const batches = shallowRef<readonly Batch[]>([]);
  const last = computed(() => batches.value.at(-1) ?? null);
  const isBusy = shallowRef(false);
  const failures = shallowRef<readonly Failure[]>([]);
  /** Why it did not go well with some, or with the one. */
  const problem = computed(() => (failures.value.length === 0 ? "" : errorText(texts, failures.value[0]!.error)));

  /** A request for each, few at a time; a refusal stops none of the others. What went well is returned in the order asked. */
  async function each<T extends { before: DecidedFinding }>(some: readonly T[], ask: (one: T) => Promise<DecisionInfo>): Promise<{ one: T; decision: DecisionInfo }[]> {
    const answers = new Map<T, DecisionInfo>();
    const failed: Failure[] = [];
    isBusy.value = true;
    await forEachFew(some, (one) => ask(one).then((decision) => void answers.set(one, decision), (error: unknown) => void failed.push({ before: one.before, error })));
    isBusy.value = false;
    failures.value = failed;
    return some.flatMap((one) => (answers.has(one) ? [{ one, decision: answers.get(one)! }] : []));
  }

  /** Decides over what the reader has seen; returns whether it went well with all. Does nothing while something is under way. */
  async function decide(some: readonly DecidedFinding[], state: DecisionState, reason: string | null = null): Promise<boolean> {
    if (isBusy.value || some.length === 0) return false;
    const earlier = batches.value;
    const done = (await each(some.map((before) => ({ before })), ({ before }) => send(before, state, reason))).map(({ one, decision }) => ({ ...one, decision }));
    const isReset = batches.value !== earlier; // the reader has gone to another list meanwhile
    if (done.length > 0 && !isReset) batches.value = [...batches.value, { state, done }].slice(-MOST_BATCHES);
    for (const { before, decision } of done) take({ ...before, finding: decidedAs(before.finding, decision) });
    return failures.value.length === 0;
  }

  /** Takes the last step back: each finding counts as it did before. What somebody else has decided since stays; what else fails can be tried again. */
  async function undo(): Promise<boolean> {
    const taken = last.value;
    if (isBusy.value || taken === null) return false;
    const done = await each(taken.done, ({ before, decision }) => restore(before, decision));
    const failed = failures.value.filter(({ error }) => (error as Partial<ApiError>).status !== CONFLICT).map(({ before }) => before);
    const left = { ...taken, done: taken.done.filter(({ before }) => failed.includes(before)) };
    batches.value = batches.value.map((batch) => (batch === taken ? left : batch)).filter((batch) => batch.done.length > 0);
    for (const { one, decision } of done) rebase(one.before, decision.version);
    for (const { one, decision } of done.reverse()) take({ ...one.before, finding: decidedAs(one.before.finding, decision) });
    return failures.value.length === 0;
  }

  /** The older step that had made what was restored: it counts again, under a new version. In place: it is not a new step to tell of. */
  function rebase(restored: DecidedFinding, version: number): void {
    for (const step of batches.value.flatMap(({ done }) => done)) {
      if (isSame(step.before, restored) && step.decision.version === restored.finding.decision?.version) step.decision = { ...step.decision, version };
    }
  }

  /** For another list: nobody takes back what is not in sight. */
  function reset(): void {
    batches.value = [];
    failures.value = [];
  }

  return { decide, undo, last, isBusy, failures, problem, reset };
}

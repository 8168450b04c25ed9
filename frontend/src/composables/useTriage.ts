/** Decisions about findings of a list, assignments of them and comments on them, one or many at once, and how the last are taken back. */

import { computed, onScopeDispose, shallowReactive, shallowRef } from "vue";

import type { ApiError } from "@/api/problem";
import type { AssignmentInfo, DecisionInfo, DecisionState, FindingSummary } from "@/generated/rest";
import { useLeftUndo } from "@/stores/leftUndo";
import { useMe } from "@/stores/me";
import { useTexts } from "@/texts";
import { errorText } from "@/texts/errors";

import { forEachConcurrently } from "./forEachConcurrently";
import { assignedOf, useAssignments, type Assigned } from "./useAssignments";
import { commentedBy, useComments } from "./useComments";
import { isSame, useDecisions, type DecidedFinding, type Dismissal } from "./useDecisions";

const MOST_BATCHES = 20; // that can be taken back, one after the other
const CONFLICT = 409; // somebody else has changed it since: what they said stays

/** What the server has written of a finding. */
type Written = { part: "decision"; info: DecisionInfo } | { part: "assignment"; info: AssignmentInfo };

/** A finding as it was, and what was written. */
interface Step {
  before: DecidedFinding;
  written: Written;
}

/** What was done in one step: the findings as they were, and what counts now. `state` null: they were assigned. */
export interface Batch {
  state: DecisionState | null;
  done: readonly Step[];
}

/** Of a finding that was not changed, or not changed back: as it was before. */
export interface Failure {
  before: DecidedFinding;
  error: unknown;
}

/** The fields of a finding that a decision, an assignment or a comment changes. */
export type Changed = Partial<Pick<FindingSummary, "state" | "decision" | "assignment" | "comment_count" | "last_comment">>;

const asDecided = (info: DecisionInfo): Written => ({ part: "decision", info });
const asAssigned = (info: AssignmentInfo): Written => ({ part: "assignment", info });

function changedBy({ part, info }: Written): Changed {
  return part === "decision" ? { decision: info, state: info.state } : { assignment: info };
}

/**
 * `take` gets what has changed of each finding. `last`: what `undo` takes back; null: nothing.
 * `leave`: the reader leaves the view while `last` is offered, which `useLeftUndo` offers from then on.
 */
export function useTriage(take: (of: DecidedFinding, changed: Changed) => void) {
  const texts = useTexts();
  const me = useMe();
  const left = useLeftUndo();
  const { decide: sendDecision, restore: restoreDecision } = useDecisions();
  const { assign: sendAssignment, restore: restoreAssignment } = useAssignments();
  const { add: sendComment } = useComments();
  const batches = shallowRef<readonly Batch[]>([]);
  const last = computed(() => batches.value.at(-1) ?? null);
  let lists = 0; // grows with every `reset`: what is answered about an older list is not taken back
  let hasLeft = false; // the view is gone: what is answered from then on is offered elsewhere
  const isBusy = shallowRef(false);
  const failures = shallowRef<readonly Failure[]>([]);
  /** Why it did not go well with some, or with the one. */
  const problem = computed(() => (failures.value.length === 0 ? "" : errorText(texts, failures.value[0]!.error)));

  /** A request for each, few at a time; a refusal stops none of the others. What went well is returned in the order asked. */
  async function each<T extends { before: DecidedFinding }, W = Written>(some: readonly T[], ask: (one: T) => Promise<W>): Promise<{ one: T; written: W }[]> {
    const answers = new Map<T, W>();
    const failed: Failure[] = [];
    isBusy.value = true;
    await forEachConcurrently(some, (one) => ask(one).then((written) => void answers.set(one, written), (error: unknown) => void failed.push({ before: one.before, error })));
    isBusy.value = false;
    failures.value = failed;
    return some.flatMap((one) => (answers.has(one) ? [{ one, written: answers.get(one)! }] : []));
  }

  async function run(some: readonly DecidedFinding[], state: DecisionState | null, ask: (before: DecidedFinding) => Promise<Written>): Promise<Step[]> {
    const asked = lists;
    const done = (await each(some.map((before) => ({ before })), ({ before }) => ask(before))).map(({ one, written }) => ({ ...one, written }));
    if (asked === lists) keep(state, done);
    for (const { before, written } of done) take(before, changedBy(written));
    return done;
  }

  /**
   * For `undo`. If a step cannot be undone, earlier steps of that finding are dropped as well: undoing them would skip it.
   * Batches are changed in place, so that no older one is announced again.
   */
  function keep(state: Batch["state"], done: readonly Step[]): void {
    const irreversible = done.filter((step) => !canGoBack(step));
    for (const batch of batches.value) batch.done = batch.done.filter((step) => !irreversible.some(({ before }) => isSame(before, step.before)));
    const all = [...batches.value, shallowReactive({ state, done: done.filter(canGoBack) })];
    batches.value = all.filter((batch) => batch.done.length > 0).slice(-MOST_BATCHES);
    if (hasLeft) leave();
    else left.clear(); // one offer at a time
  }

  function leave(): void {
    if (last.value !== null) left.leave({ batch: last.value, undo, problem: () => problem.value });
  }

  /** Decides over what the reader has seen; returns whether it went well with all. Does nothing while something is under way. */
  async function decide(some: readonly DecidedFinding[], state: DecisionState, said: Dismissal | null = null): Promise<boolean> {
    if (isBusy.value || some.length === 0) return false;
    await run(some, state, (before) => sendDecision(before, state, said).then(asDecided));
    return failures.value.length === 0;
  }

  /** Assigns over what the reader has seen, as `decide`. What is not in `changed` stays with each; where that is all, nothing is sent. */
  async function assign(some: readonly DecidedFinding[], changed: Partial<Assigned>): Promise<boolean> {
    if (isBusy.value) return false;
    const said = (before: DecidedFinding) => JSON.stringify({ ...assignedOf(before.finding), ...changed });
    const others = some.filter((before) => said(before) !== JSON.stringify(assignedOf(before.finding)));
    await run(others, null, (before) => sendAssignment(before, changed).then(asAssigned));
    return failures.value.length === 0;
  }

  /** Comments on each; returns whether it went well with all. Comments stay: there is nothing to take back. */
  async function comment(some: readonly DecidedFinding[], text: string): Promise<boolean> {
    if (isBusy.value) return false;
    const done = await each(some.map((before) => ({ before })), ({ before }) => sendComment(before, text));
    for (const { one: { before }, written } of done) take(before, commentedBy(before.finding, written));
    return failures.value.length === 0;
  }

  /** Takes what another form has assigned: it can be taken back as well. */
  function takeAssigned(before: DecidedFinding, info: AssignmentInfo): void {
    keep(null, [{ before, written: { part: "assignment", info } }]);
    take(before, { assignment: info });
  }

  /** Only administrators can reassign a finding to somebody else. */
  function canGoBack({ before, written }: Step): boolean {
    const { assignee_id: then } = assignedOf(before.finding);
    return written.part === "decision" || me.isAdmin || then === null || then === me.user?.id || then === written.info.assignee?.user_id;
  }

  function goBack({ before, written }: Step): Promise<Written> {
    return written.part === "decision" ? restoreDecision(before, written.info).then(asDecided) : restoreAssignment(before, written.info).then(asAssigned);
  }

  /** Takes the last step back: each finding counts as it did before. What somebody else has changed since stays; what else fails can be tried again. */
  async function undo(): Promise<boolean> {
    const taken = last.value;
    if (isBusy.value || taken === null) return false;
    const done = await each(taken.done, goBack);
    const failed = failures.value.filter(({ error }) => (error as Partial<ApiError>).status !== CONFLICT).map(({ before }) => before);
    const rest = shallowReactive({ ...taken, done: taken.done.filter(({ before }) => failed.includes(before)) });
    batches.value = batches.value.map((batch) => (batch === taken ? rest : batch)).filter((batch) => batch.done.length > 0);
    for (const { one, written } of done) rebase(one.before, written);
    for (const { one, written } of done.reverse()) take(one.before, changedBy(written));
    return failures.value.length === 0;
  }

  /** The older step that had written what was restored: it counts again, under a new version. In place: it is not a new step to tell of. */
  function rebase(restored: DecidedFinding, { part, info: { version } }: Written): void {
    for (const step of batches.value.flatMap(({ done }) => done)) {
      if (step.written.part !== part || !isSame(step.before, restored) || step.written.info.version !== restored.finding[part]?.version) continue;
      step.written = { part, info: { ...step.written.info, version } } as Written;
    }
  }

  /** For another list: nobody takes back what is not in sight. */
  function reset(): void {
    lists += 1;
    batches.value = [];
    failures.value = [];
  }

  onScopeDispose(() => (hasLeft = true));
  return { decide, assign, comment, takeAssigned, undo, last, isBusy, failures, problem, reset, leave };
}

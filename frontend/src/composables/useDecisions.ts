/** What the reader decides about findings, and how it is taken back. */

import type { DecisionInfo, DecisionState, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";

/** A finding in the results of one scan. `attempt` null: those that stand. */
export interface DecidedFinding {
  taskId: string;
  attempt: number | null;
  finding: FindingSummary;
}

/** The states that a finding does not leave by itself, in the order in which they are offered. */
export const DECIDED = ["confirmed", "mending", "dismissed"] as const satisfies readonly DecisionState[];
export const STATES = ["open", ...DECIDED] as const satisfies readonly DecisionState[];

/** The finding as the server has just decided it. */
export function decidedAs<T extends FindingSummary>(finding: T, decision: DecisionInfo): T {
  return { ...finding, decision, state: decision.state };
}

export function isSame(one: DecidedFinding, other: DecidedFinding): boolean {
  return one.taskId === other.taskId && one.finding.finding_id === other.finding.finding_id;
}

export function useDecisions() {
  const { api } = useAccount();

  /** Over the decision that the reader has seen; a newer one of somebody else is a failure. */
  function decide({ taskId, attempt, finding }: DecidedFinding, state: DecisionState, reason: string | null = null): Promise<DecisionInfo> {
    return api.call("PUT /api/v1/tasks/{task_id}/findings/{finding_id}/decision", {
      path: { task_id: taskId, finding_id: finding.finding_id }, query: { attempt }, body: { state, reason, version: finding.decision?.version ?? 0 },
    });
  }

  /** Back to what counted before: `then` is the finding as it was. `now`: what is taken back. */
  function restore({ finding: then, ...place }: DecidedFinding, now: DecisionInfo): Promise<DecisionInfo> {
    const reason = then.state === "open" ? null : (then.decision?.reason ?? null);
    return decide({ ...place, finding: decidedAs(then, now) }, then.state, reason);
  }

  return { decide, restore };
}

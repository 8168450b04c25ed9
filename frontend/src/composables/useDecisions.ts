/** What the reader decides about findings, and how it is taken back. */

import type { DecisionInfo, DecisionState, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";

/** A finding in the results of one scan. `attempt` null: those that stand. */
export interface DecidedFinding {
  taskId: string;
  attempt: number | null;
  finding: FindingSummary;
}

/** Why a finding is dismissed, and the day (of UTC) on which it is open again; null: never. */
export interface Dismissal {
  reason: string | null;
  expires_on: string | null;
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
  function decide({ taskId, attempt, finding }: DecidedFinding, state: DecisionState, said: Dismissal | null = null): Promise<DecisionInfo> {
    const { reason = null, expires_on = null } = said ?? {};
    return api.call("PUT /api/v1/tasks/{task_id}/findings/{finding_id}/decision", {
      path: { task_id: taskId, finding_id: finding.finding_id }, query: { attempt },
      body: { state, reason, ...(expires_on === null ? {} : { expires_on }), version: finding.decision?.version ?? 0 },
    });
  }

  /** Back to what counted before: `then` is the finding as it was. `now`: what is taken back. */
  function restore({ finding: then, ...place }: DecidedFinding, now: DecisionInfo): Promise<DecisionInfo> {
    return decide({ ...place, finding: decidedAs(then, now) }, then.state, then.state === "open" ? null : then.decision);
  }

  return { decide, restore };
}

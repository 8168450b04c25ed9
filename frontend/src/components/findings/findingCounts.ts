/** The numbers beside the filters, after somebody has decided: what the server would count now. */

import type { DecisionState, FilterCounts, FindingSummary } from "@/generated/rest";

/** `asked`: the decision that the list is filtered by. `before` and `after` are the same finding, decided anew. */
export function recounted(counts: FilterCounts, before: FindingSummary, after: FindingSummary, asked: DecisionState | null): FilterCounts {
  const change = Number(isListed(after, asked)) - Number(isListed(before, asked));
  const userId = before.assignment?.assignee?.user_id ?? null;
  return {
    risk_level: added(counts.risk_level, before.risk.level, change),
    violation_key: added(counts.violation_key, before.violation_key, change),
    hidden: added(counts.hidden, String(before.hidden_by !== null), change),
    decision: added(added(counts.decision, before.state, -1), after.state, 1),
    assignee: counts.assignee.map((one) => (one.user_id === userId ? { ...one, count: one.count + change } : one)),
  };
}

export function isListed({ state }: FindingSummary, asked: DecisionState | null): boolean {
  return asked === null || asked === state;
}

function added(numbers: Record<string, number>, value: string, change: number): Record<string, number> {
  return { ...numbers, [value]: Math.max(0, (numbers[value] ?? 0) + change) };
}

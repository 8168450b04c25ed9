/** The numbers beside the filters, after somebody has decided or assigned: what the server would count now. */

import type { FilterCounts, FindingSummary } from "@/generated/rest";

import type { FindingQuery } from "./findingAddress";

/** What the list is filtered by of what can change in it. An `assignee` "me" is named by the reader's id here. */
export type Asked = Pick<FindingQuery, "decision" | "assignee">;

/** `before` and `after` are the same finding, decided or assigned anew. */
export function recounted(counts: FilterCounts, before: FindingSummary, after: FindingSummary, asked: Asked): FilterCounts {
  const change = Number(isListed(after, asked)) - Number(isListed(before, asked));
  const [ofAssignee, ofDecision] = [{ ...asked, decision: null }, { ...asked, assignee: null }]; // a filter does not narrow its own numbers
  return {
    risk_level: added(counts.risk_level, before.risk.level, change),
    violation_key: added(counts.violation_key, before.violation_key, change),
    hidden: added(counts.hidden, String(before.hidden_by !== null), change),
    decision: added(added(counts.decision, before.state, -Number(isListed(before, ofAssignee))), after.state, Number(isListed(after, ofAssignee))),
    assignee: assigned(assigned(counts.assignee, before, -Number(isListed(before, ofDecision))), after, Number(isListed(after, ofDecision))),
  };
}

export function isListed({ state, assignment }: FindingSummary, { decision, assignee }: Asked): boolean {
  return (decision === null || decision === state) && (assignee === null || assignee === (assignment?.assignee?.user_id ?? "none"));
}

function added(numbers: Record<string, number>, value: string, change: number): Record<string, number> {
  return { ...numbers, [value]: Math.max(0, (numbers[value] ?? 0) + change) };
}

function assigned(numbers: FilterCounts["assignee"], { assignment }: FindingSummary, change: number): FilterCounts["assignee"] {
  const { user_id, username } = assignment?.assignee ?? { user_id: null, username: null };
  const isNew = change > 0 && numbers.every((one) => one.user_id !== user_id);
  const known = isNew ? [...numbers, { user_id, username, count: 0 }] : numbers;
  return known.map((one) => (one.user_id === user_id ? { ...one, count: Math.max(0, one.count + change) } : one));
}

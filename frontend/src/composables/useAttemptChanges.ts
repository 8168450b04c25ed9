/** What an attempt found otherwise than the one before it: the findings of both, compared by their names. */

import type { FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";

import { useResource } from "./useResource";

const PAGE_SIZE = 200; // the largest that the server gives
export const MAX_COMPARED = 1_000; // findings of each of the two: with more nothing is said, since a part would say wrong things

export interface Changes {
  added: FindingSummary[];
  gone: FindingSummary[];
  /** As they are now, with the risk that they had. */
  changed: { now: FindingSummary; before: string }[];
}

/** `value.changes` null: one of the two has more findings than are compared. */
export function useAttemptChanges(taskId: string, attempt: () => number, before: () => number) {
  const { api } = useAccount();

  async function findings(of: number): Promise<FindingSummary[] | null> {
    const found: FindingSummary[] = [];
    for (let page = 1; ; page += 1) {
      const query = { page, page_size: PAGE_SIZE, attempt: of };
      const answer = await api.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: taskId }, query });
      if (answer.total > MAX_COMPARED) return null;
      found.push(...answer.items);
      if (answer.items.length < PAGE_SIZE) return found;
    }
  }

  async function compare(): Promise<{ changes: Changes | null }> {
    const [now, then] = [await findings(attempt()), await findings(before())];
    return { changes: now === null || then === null ? null : changesOf(now, then) };
  }

  return useResource(compare, () => `${attempt()} ${before()}`);
}

export function changesOf(now: readonly FindingSummary[], then: readonly FindingSummary[]): Changes {
  const known = new Map(then.map((finding) => [finding.finding_id, finding]));
  const left = new Set(now.map(({ finding_id }) => finding_id));
  return {
    added: now.filter(({ finding_id }) => !known.has(finding_id)),
    gone: then.filter(({ finding_id }) => !left.has(finding_id)),
    changed: now.flatMap((finding) => {
      const before = known.get(finding.finding_id)?.risk.level;
      return before === undefined || before === finding.risk.level ? [] : [{ now: finding, before }];
    }),
  };
}

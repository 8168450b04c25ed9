/** The worst findings of a scan that has ended, with what refers to them: read when somebody looks at the graph. */

import { onScopeDispose } from "vue";

import { MOST_FINDINGS } from "@/components/scan/riskGraph";
import type { FindingDetail, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";

import { useResource } from "./useResource";
import type { ShownState } from "./useScan";

const AT_ONCE = 4; // details that are read side by side: others want the server, too

/** `total`: of all findings. `details`: one of each domain. `unread`: domains whose detail could not be read. */
export interface GraphSource {
  findings: readonly FindingSummary[];
  total: number;
  details: ReadonlyMap<string, FindingDetail>;
  unread: number;
}

const NOTHING: GraphSource = { findings: [], total: 0, details: new Map(), unread: 0 };

/** As `useResource`. While the scan runs nothing is read: its findings change. */
export function useRiskGraph(state: () => ShownState, attempt: number | null) {
  const { api } = useAccount();
  let isGone = false;
  onScopeDispose(() => (isGone = true));

  function detailOf({ finding_id }: FindingSummary): Promise<FindingDetail> {
    return api.call("GET /api/v1/tasks/{task_id}/findings/{finding_id}", { path: { task_id: state().taskId, finding_id }, query: { attempt } });
  }

  async function read(): Promise<GraphSource> {
    if (!state().ended) return NOTHING;
    const query = { page: 1, page_size: MOST_FINDINGS, attempt };
    const { items: findings, total } = await api.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: state().taskId }, query });
    const first = findings.filter(({ domain }, index) => findings.findIndex((one) => one.domain === domain) === index);
    const details = new Map<string, FindingDetail>();
    const refusals: unknown[] = [];
    for (let from = 0; from < first.length && !isGone; from += AT_ONCE) {
      for (const answer of await Promise.allSettled(first.slice(from, from + AT_ONCE).map(detailOf))) {
        if (answer.status === "fulfilled") details.set(answer.value.domain, answer.value);
        else refusals.push(answer.reason);
      }
    }
    if (refusals.length > 0 && details.size === 0) throw refusals[0];
    return { findings, total, details, unread: refusals.length };
  }

  return useResource(read, () => `${state().ended} ${state().attempt} ${state().status}`);
}

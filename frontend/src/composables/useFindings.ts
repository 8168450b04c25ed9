/** The findings of a scan that has ended, the worst first, read piece by piece. */

import { shallowRef, watch } from "vue";

import type { FindingPage, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

import type { ShownState } from "./useScan";

/** All findings in numbers, and how much of the site they rest on. */
export interface FindingSum {
  findings: number;
  severe: number;
  domains: number;
  crawled: number;
  known: number;
}

export const PAGE_SIZE = 50; // the worst come first, and each is some thirty elements: a document stays small

/** `attempt` null: those that stand. `items` null: nothing was read yet. `readOf`: whose they are. */
export function useFindings(state: () => ShownState, attempt: number | null) {
  const { api } = useAccount();
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<FindingSummary[] | null>(null);
  const total = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const sum = shallowRef<FindingSum | null>(null);
  const readOf = shallowRef<number | null>(null);
  let pages = 0;
  let reads = 0; // grows with every new list; an older answer is void

  async function readMore(): Promise<void> {
    const mine = reads;
    isBusy.value = true;
    failure.value = null;
    try {
      const query = { page: pages + 1, page_size: PAGE_SIZE, attempt };
      const found = await api.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: state().taskId }, query });
      if (mine !== reads) return;
      pages += 1;
      total.value = found.total;
      sum.value = sumOf(found);
      readOf.value = found.attempt;
      items.value = [...(pages === 1 ? [] : (items.value ?? [])), ...found.items];
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  /** Anew when the scan has ended once more, and in another language. */
  watch(() => `${state().ended} ${state().attempt} ${state().status} ${language.value}`, () => {
    reads += 1;
    pages = 0;
    items.value = null;
    sum.value = readOf.value = null;
    if (state().ended) void readMore();
  }, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void readMore(); });
  return { items, total, sum, readOf, failure, isBusy, readMore };
}

function sumOf({ total, by_level: { critical = 0, high = 0 } = {}, domains = 0, crawled = 0, known = 0 }: FindingPage): FindingSum {
  return { findings: total, severe: critical + high, domains, crawled, known };
}

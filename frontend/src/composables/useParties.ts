/** The third parties of a scan. There is no event for each: a running scan's are read again as they grow. */

import { computed, onScopeDispose, shallowRef, watch } from "vue";

import { RISK_LEVELS } from "@/generated/contract";
import type { AccusedThirdParty as ThirdParty } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

import { attemptOf, type ShownState } from "./useScan";

const PAGE_SIZE = 200; // the largest that the server gives
const MOST = 1_000;
const PAUSE_MS = 5_000; // between two reads of a running scan
const STEP = 20; // percent of a stage after which it is read anew
export const SHOWN_AT_FIRST = 50; // each is some fifteen elements: a document stays small

export type PartySort = "-risk" | "-references" | "-hidden" | "domain";

/** `items` null: nothing was read yet. `sort` is of those that were read, of a scan with thousands the first. */
export function useParties(state: () => ShownState, attempt: number | null) {
  const { api } = useAccount();
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<ThirdParty[] | null>(null);
  const total = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const most = shallowRef(SHOWN_AT_FIRST);
  const sort = shallowRef<PartySort>("-risk");
  const sorted = computed(() => [...(items.value ?? [])].sort(COMPARE[sort.value]));
  const shown = computed(() => sorted.value.slice(0, most.value));
  let reads = 0; // grows with every read; an older answer is void
  let timer: ReturnType<typeof setTimeout> | undefined;
  let readAt = 0;

  async function readAll(): Promise<{ found: ThirdParty[]; count: number }> {
    const found: ThirdParty[] = [];
    for (let page = 1; ; page += 1) {
      const query = { page, page_size: PAGE_SIZE, attempt: attemptOf(state(), attempt) };
      const answer = await api.call("GET /api/v1/tasks/{task_id}/third-parties", { path: { task_id: state().taskId }, query });
      found.push(...answer.items);
      if (answer.items.length < PAGE_SIZE || found.length >= MOST) return { found, count: answer.total };
    }
  }

  async function read(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const mine = ++reads;
    readAt = Date.now();
    isBusy.value = true;
    try {
      const { found, count } = await readAll();
      if (mine !== reads) return;
      items.value = found;
      total.value = count;
      failure.value = null;
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  function readSoon(): void {
    timer ??= setTimeout(() => void read(), Math.max(0, readAt + PAUSE_MS - Date.now()));
  }

  watch(() => `${state().ended} ${state().attempt} ${language.value}`, (_now, before) => {
    if (before !== undefined) items.value = null;
    void read();
  }, { immediate: true });
  watch(() => signatureOf(state()), () => { if (!state().ended) readSoon(); });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void read(); });
  onScopeDispose(() => {
    reads += 1;
    clearTimeout(timer);
  });
  return { sort, shown, items, total, failure, isBusy, read, showMore: () => (most.value += SHOWN_AT_FIRST) };
}

/** What says that there may be more to read. While captures are made, outcomes follow in a few steps. */
function signatureOf({ statistics, counts, stages }: ShownState): string {
  const steps = stages.slice(2).map(({ status, progress }) => `${status} ${Math.floor(progress / STEP)}`);
  return [statistics.total_third_party_domains, counts.total, ...steps].join(":");
}

function rank({ risk_level }: ThirdParty): number {
  return risk_level === null ? RISK_LEVELS.length : RISK_LEVELS.indexOf(risk_level);
}

type Compare = (a: ThirdParty, b: ThirdParty) => number;
const byDomain: Compare = (a, b) => (a.domain < b.domain ? -1 : 1);
const byRisk: Compare = (a, b) => rank(a) - rank(b) || b.references - a.references || byDomain(a, b);
const COMPARE: Record<PartySort, Compare> = {
  "-risk": byRisk,
  "-references": (a, b) => b.references - a.references || byRisk(a, b),
  "-hidden": (a, b) => b.hidden - a.hidden || byRisk(a, b),
  domain: byDomain,
};

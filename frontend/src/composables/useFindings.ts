/** The findings of a scan that has ended, the worst first, read piece by piece. */

import { shallowRef, watch } from "vue";

import { askedOf, isNarrowed, type FindingQuery } from "@/components/findings/findingAddress";
import { isListed, recounted } from "@/components/findings/findingCounts";
import type { FilterCounts, FindingPage, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useMe } from "@/stores/me";
import { useTexts } from "@/texts";

import type { ShownState } from "./useScan";
import { useSoon } from "./useSoon";
import type { Changed } from "./useTriage";

/** The findings that nobody has dismissed in numbers, how many were dismissed, and how much of the site they rest on. `attempt`: whose. */
export interface FindingSum {
  attempt: number;
  findings: number;
  severe: number;
  domains: number;
  dismissed: number;
  checked: number;
  checkable: number;
}

const SUM_PAUSE_MS = 300; // many findings are decided about at once: their numbers are read once
export const PAGE_SIZE = 50; // the worst come first, and each is some thirty elements: a document stays small

/**
 * `attempt` null: those that stand. `items` null: nothing was read yet. `readOf`: whose they are. `counts`: the numbers beside
 * the filters. `pages`: so many are read at first.
 */
export function useFindings(state: () => ShownState, attempt: number | null, query: () => FindingQuery, pages: () => number) {
  const { api } = useAccount();
  const connection = useConnection();
  const me = useMe();
  const { language } = useTexts();
  const items = shallowRef<FindingSummary[] | null>(null);
  const total = shallowRef(0);
  const counts = shallowRef<FilterCounts | null>(null);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const sum = shallowRef<FindingSum | null>(null);
  const readOf = shallowRef<number | null>(null);
  const left = new Map<string, FindingSummary>(); // those that were decided about or assigned, as they are now,
  const places = new Map<string, number>(); // and where they stood: they may have left the list
  let reads = 0; // grows with every new list; an older answer is void

  function ask(asked: { page: number; page_size: number }, wanted: FindingQuery | null): Promise<FindingPage> {
    const given = wanted === null ? {} : askedOf(wanted);
    return api.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: state().taskId }, query: { ...asked, ...given, attempt } });
  }

  /** The next page. Of a list that some have left by decisions, it is the page that the last of them stands on by now. */
  async function readMore(): Promise<void> {
    const mine = reads;
    isBusy.value = true;
    failure.value = null;
    try {
      const known = items.value ?? [];
      const found = await ask({ page: Math.floor(known.length / PAGE_SIZE) + 1, page_size: PAGE_SIZE }, query());
      if (mine !== reads) return;
      const ids = new Set(known.map(({ finding_id }) => finding_id));
      total.value = found.total;
      counts.value = found.counts;
      readOf.value = found.attempt;
      if (!isNarrowed(query())) sum.value = sumOf(found);
      items.value = [...known, ...found.items.filter(({ finding_id }) => !ids.has(finding_id))];
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  async function readFirst(): Promise<void> {
    const mine = reads;
    for (let page = 0; page < pages() && mine === reads && failure.value === null; page += 1) {
      const known = items.value?.length ?? -1;
      await readMore();
      if ((items.value?.length ?? 0) === known) break;
    }
    if (mine === reads && sum.value === null) await readSum();
  }

  /** The numbers of all, whatever the list is filtered by. */
  async function readSum(): Promise<void> {
    const mine = reads;
    const all = await ask({ page: 1, page_size: 1 }, null).catch(() => null);
    if (mine === reads && all !== null) sum.value = sumOf(all);
  }
  const readSumSoon = useSoon(() => void readSum(), SUM_PAUSE_MS);

  /** Takes what has changed of a finding: it leaves a list that is filtered by another decision or assignee, and comes back to its place. */
  function take(id: string, changed: Changed): void {
    const { decision, assignee } = query();
    const asked = { decision, assignee: assignee === "me" ? (me.user?.id ?? null) : assignee };
    const known = items.value ?? [];
    const index = known.findIndex(({ finding_id }) => finding_id === id);
    const before = known[index] ?? left.get(id);
    if (before === undefined) return; // the list was read anew meanwhile
    const finding = { ...before, ...changed };
    const isIn = isListed(finding, asked);
    if (counts.value !== null) counts.value = recounted(counts.value, before, finding, asked);
    if (index < 0 && isIn) {
      const place = places.get(id) ?? known.length;
      items.value = [...known.slice(0, place), finding, ...known.slice(place)];
      total.value += 1;
    } else if (index >= 0) {
      items.value = [...known.slice(0, index), ...(isIn ? [finding] : []), ...known.slice(index + 1)];
      if (!isIn) total.value -= 1;
    }
    if (index >= 0) places.set(id, index);
    left.set(id, finding);
    if ((finding.state === "dismissed") !== (before.state === "dismissed")) readSumSoon();
  }

  function readAnew(): void {
    reads += 1;
    items.value = null;
    counts.value = failure.value = null;
    places.clear();
    left.clear();
    if (state().ended) void readFirst();
  }

  /** Anew when the scan has ended once more, and in another language. */
  watch(() => `${state().ended} ${state().attempt} ${state().status} ${language.value}`, () => {
    sum.value = readOf.value = null;
    readAnew();
  }, { immediate: true });
  watch(() => JSON.stringify(query()), readAnew);
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void readMore(); });
  return { items, total, counts, sum, readOf, failure, isBusy, readMore, readAnew, take };
}

/** Of a scan that runs those found so far, of one that has ended those that nobody has dismissed; null: they are not read yet. */
export function countOf(state: ShownState, sum: FindingSum | null): number | null {
  if (!state.ended) return state.findingCounts.total ?? 0;
  if (sum === null) return null;
  return sum.attempt === state.attempt ? sum.findings : (state.findingCounts.total ?? 0); // those of an earlier attempt stand
}

function sumOf({ attempt, open_counts: { total = 0, critical = 0, high = 0 } = {}, open_domains: domains = 0, dismissed = 0, checked = 0, checkable = 0 }: FindingPage): FindingSum {
  return { attempt, findings: total, severe: critical + high, domains, dismissed, checked, checkable };
}

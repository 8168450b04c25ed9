/** What a person should look at: findings below the threshold, of the newest scan of every site. */

import { computed, shallowRef, watch } from "vue";

import type { FindingSummary, TaskResponse } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

const SCANS_AT_ONCE = 20; // each that found something is one more request
const MOST_OF_A_SCAN = 50; // the worst; its page has all of them

export interface ReviewItem {
  scan: TaskResponse;
  finding: FindingSummary;
}

/** `items` null: nothing was read yet. `scans`: so many were looked at, of `total`. `more`: findings of these that are not listed. */
export function useReview() {
  const { api } = useAccount();
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<ReviewItem[] | null>(null);
  const scans = shallowRef(0);
  const total = shallowRef(0);
  const more = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const hasMore = computed(() => scans.value < total.value);
  let sites = new Set<string>(); // whose newest scan was seen: an older one is history
  let pages = 0;
  let reads = 0; // grows with every new list; an older answer is void

  async function readMore(): Promise<void> {
    const mine = reads;
    isBusy.value = true;
    failure.value = null;
    try {
      const query = { page: pages + 1, page_size: SCANS_AT_ONCE, status: "completed", sort: "-completed_at" };
      const found = await api.call("GET /api/v1/tasks", { query });
      const fresh = newestOfEach(found.items);
      const lists: Awaited<ReturnType<typeof toReview>>[] = [];
      for (const scan of fresh) lists.push(await toReview(scan)); // one after another: a scan's answer may be large
      if (mine !== reads) return;
      pages += 1;
      for (const scan of fresh) sites.add(siteOf(scan));
      scans.value = Math.min(pages * SCANS_AT_ONCE, found.total);
      total.value = found.total;
      more.value += lists.reduce((sum, list) => sum + list.left, 0);
      items.value = [...(items.value ?? []), ...lists.flatMap((list) => list.items)];
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  function newestOfEach(found: readonly TaskResponse[]): TaskResponse[] {
    const seen = new Set(sites);
    return found.filter((scan) => {
      const isNew = !seen.has(siteOf(scan));
      seen.add(siteOf(scan));
      return isNew;
    });
  }

  async function toReview(scan: TaskResponse): Promise<{ items: ReviewItem[]; left: number }> {
    if (Object.values(scan.violation_counts).every((count) => count === 0)) return { items: [], left: 0 };
    const query = { needs_review: true, page_size: MOST_OF_A_SCAN };
    const found = await api.call("GET /api/v1/tasks/{task_id}/findings", { path: { task_id: scan.id }, query });
    return { items: found.items.map((finding) => ({ scan, finding })), left: found.total - found.items.length };
  }

  function readAnew(): void {
    reads += 1;
    pages = 0;
    sites = new Set();
    [scans.value, total.value, more.value] = [0, 0, 0];
    items.value = null;
    void readMore();
  }

  watch(language, readAnew, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void readMore(); });
  return { items, scans, total, more, hasMore, failure, isBusy, readMore };
}

/** An administrator sees the scans of everybody: the same site of two users is two queues. */
function siteOf({ user_id, target_domain }: TaskResponse): string {
  return `${user_id} ${target_domain}`;
}

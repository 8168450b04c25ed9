/** What a person should look at: findings below the threshold, of the newest scan of every site, and what is assigned or due. */

import { computed, shallowRef, watch } from "vue";

import type { Wanted } from "@/components/review/reviewAddress";
import type { FindingSummary, ReviewItem } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useMe } from "@/stores/me";
import { useTexts } from "@/texts";

import { isDue } from "./useAssignments";
import type { DecidedFinding } from "./useDecisions";
import type { Changed } from "./useTriage";

const AT_ONCE = 50;

/** `items` null: nothing was read yet. `unreadable`: scans whose findings are missing. */
export function useReview(wanted: () => Wanted) {
  const { api } = useAccount();
  const me = useMe();
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<ReviewItem[] | null>(null);
  const unreadable = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const cursor = shallowRef<string | null>(null);
  const left = new Map<string, { item: ReviewItem; index: number }>(); // what has changed, as it is now, and where it stood
  const hasMore = computed(() => cursor.value !== null);
  let reads = 0; // grows with every new list; an older answer is void

  /** Until there is something, or no more: pages may be empty. */
  async function readMore(): Promise<void> {
    const mine = reads;
    isBusy.value = true;
    failure.value = null;
    try {
      let fresh: ReviewItem[] = [];
      do {
        const found = await api.call("GET /api/v1/review", { query: { ...wanted(), cursor: cursor.value, limit: AT_ONCE } });
        if (mine !== reads) return;
        fresh = found.items;
        cursor.value = found.next_cursor;
        unreadable.value += found.unreadable.length;
      } while (fresh.length === 0 && cursor.value !== null);
      items.value = [...(items.value ?? []), ...fresh];
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  function readAnew(): void {
    reads += 1;
    [items.value, cursor.value, unreadable.value] = [null, null, 0];
    left.clear();
    void readMore();
  }

  /** Takes what has changed of a finding: it leaves the list when it belongs to another one, and comes back to its place. */
  function take(taskId: string, findingId: string, changed: Changed): void {
    const key = `${taskId} ${findingId}`;
    const known = items.value ?? [];
    const index = known.findIndex((item) => keyOf(item) === key);
    const place = index < 0 ? (left.get(key)?.index ?? 0) : index;
    const item = known[index] ?? left.get(key)?.item;
    if (item === undefined) return; // the list was read anew meanwhile
    const now = { ...item, finding: { ...item.finding, ...changed } };
    const stays = belongs(now.finding, wanted(), me.user?.id ?? null) ? [now] : [];
    left.set(key, { item: now, index: place });
    items.value = [...known.slice(0, place), ...stays, ...known.slice(index < 0 ? place : place + 1)];
  }

  watch(() => `${JSON.stringify(wanted())} ${language.value}`, readAnew, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void readMore(); });
  return { items, unreadable, hasMore, failure, isBusy, readMore, readAnew, take };
}

/** Whether the server would list the finding. `mine`: the reader's id; null while it is not known. */
function belongs({ state, assignment }: FindingSummary, { decision, assignee, due }: Wanted, mine: string | null): boolean {
  const assigned = assignment?.assignee?.user_id ?? null;
  if (assignee === "none" && assigned !== null) return false;
  if (assignee === "me" && mine !== null && assigned !== mine) return false;
  return state === decision && (due === null || isDue(assignment?.due_on ?? null, due));
}

export function keyOf({ task_id, finding }: ReviewItem): string {
  return `${task_id} ${finding.finding_id}`;
}

export function placeOf({ task_id, attempt, finding }: ReviewItem): DecidedFinding {
  return { taskId: task_id, attempt, finding };
}

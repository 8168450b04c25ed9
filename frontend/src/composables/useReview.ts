/** What a person should look at: findings below the threshold, of the newest scan of every site, and what is assigned or due. */

import { computed, shallowRef, watch } from "vue";

import type { Wanted } from "@/components/review/reviewAddress";
import type { AssignmentInfo, DecisionInfo, DecisionState, FindingSummary, ReviewItem } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useMe } from "@/stores/me";
import { useTexts } from "@/texts";

import { useAction } from "./useAction";
import { assignedAs, isDue } from "./useAssignments";
import { decidedAs, useDecisions } from "./useDecisions";

const AT_ONCE = 50;

/** What was decided last, and can be taken back: the item as it was, where it stood, and what was decided. */
interface Decided {
  item: ReviewItem;
  index: number;
  decision: DecisionInfo;
}

/** `items` null: nothing was read yet. `unreadable`: scans whose findings are missing. `last`: what `undo` takes back. */
export function useReview(wanted: () => Wanted) {
  const { api } = useAccount();
  const me = useMe();
  const connection = useConnection();
  const { language } = useTexts();
  const { decide: send, restore } = useDecisions();
  const action = useAction();
  const items = shallowRef<ReviewItem[] | null>(null);
  const unreadable = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const cursor = shallowRef<string | null>(null);
  const done = shallowRef<Decided[]>([]); // the newest last
  const last = computed(() => done.value.at(-1) ?? null);
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
    [items.value, cursor.value, unreadable.value, done.value] = [null, null, 0, []];
    void readMore();
  }

  /** Takes what was just said of a finding; it leaves the list when it belongs to another one now. */
  function take(item: ReviewItem, assignment: AssignmentInfo): void {
    const index = items.value?.findIndex((other) => keyOf(other) === keyOf(item)) ?? -1;
    if (index < 0) return; // the list was read anew meanwhile
    put(index, { ...item, finding: assignedAs(item.finding, assignment) });
  }

  /** Decides, and the finding leaves the list when it belongs to another one now. */
  function decide(item: ReviewItem, state: DecisionState, reason: string | null = null): Promise<boolean> {
    return action.run(async () => {
      const decision = await send(placeOf(item), state, reason);
      const index = items.value?.indexOf(item) ?? -1;
      if (index < 0) return; // the list was read anew meanwhile
      done.value = [...done.value, { item, index, decision }];
      put(index, { ...item, finding: decidedAs(item.finding, decision) });
    });
  }

  /** Takes the last decision back: the finding stands where it stood. */
  function undo(): Promise<boolean> {
    const taken = last.value;
    if (taken === null) return Promise.resolve(false);
    return action.run(async () => {
      const decision = await restore(placeOf(taken.item), taken.decision);
      const again = { ...taken.item, finding: decidedAs(taken.item.finding, decision) };
      done.value = done.value.slice(0, -1);
      const others = (items.value ?? []).filter((item) => keyOf(item) !== keyOf(again));
      items.value = [...others.slice(0, taken.index), again, ...others.slice(taken.index)];
    });
  }

  function put(index: number, item: ReviewItem): void {
    const stays = belongs(item.finding, wanted(), me.user?.id ?? null) ? [item] : [];
    items.value = [...items.value!.slice(0, index), ...stays, ...items.value!.slice(index + 1)];
  }

  watch(() => `${JSON.stringify(wanted())} ${language.value}`, readAnew, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void readMore(); });
  const { isBusy: isDeciding, problem } = action;
  return { items, unreadable, hasMore, failure, isBusy, readMore, readAnew, take, decide, undo, last, isDeciding, problem };
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

function placeOf({ task_id, attempt, finding }: ReviewItem) {
  return { taskId: task_id, attempt, finding };
}

/** The references to one domain: those that came with a detail first, all others page by page. */

import { computed, shallowRef, watch } from "vue";

import type { ReferenceItem } from "@/generated/rest";
import { useAccount } from "@/stores/account";

export const SHOWN_AT_FIRST = 10;
const PAGE_SIZE = 50; // each is some forty elements

export interface ReferenceScope {
  taskId: string;
  /** Null: the results that stand. */
  attempt: number | null;
  domain: string;
}

/** `first`: those that came with the detail; `count`: how many there are in all. Another `first` begins anew. */
export function useReferences(scope: () => ReferenceScope, first: () => readonly ReferenceItem[], count: () => number) {
  const { api } = useAccount();
  const all = shallowRef<readonly ReferenceItem[]>([]);
  const most = shallowRef(SHOWN_AT_FIRST);
  const isEnd = shallowRef(false);
  const isBusy = shallowRef(false);
  const failure = shallowRef<unknown>(null);
  const shown = computed(() => all.value.slice(0, most.value));
  const left = computed(() => (isEnd.value ? all.value.length : count()) - shown.value.length);
  let known = new Map<number, ReferenceItem>();
  let pages = 0;

  async function showMore(): Promise<void> {
    isBusy.value = true;
    failure.value = null;
    try {
      // The worst came first, the list has an order of its own: a page of it may bring nothing that is new.
      while (all.value.length <= most.value && !isEnd.value) await readPage();
      most.value += PAGE_SIZE;
    } catch (error) {
      failure.value = error;
    } finally {
      isBusy.value = false;
    }
  }

  async function readPage(): Promise<void> {
    const { taskId, attempt, domain } = scope();
    const mine = known;
    const query = { domain, attempt, page: pages + 1, page_size: PAGE_SIZE };
    const found = await api.call("GET /api/v1/tasks/{task_id}/references", { path: { task_id: taskId }, query });
    if (mine !== known) return;
    pages += 1;
    for (const reference of found.items) known.set(reference.reference_id, reference);
    all.value = [...known.values()];
    isEnd.value = found.items.length < PAGE_SIZE || pages * PAGE_SIZE >= found.total;
  }

  watch(first, (references) => {
    known = new Map(references.map((reference) => [reference.reference_id, reference]));
    pages = 0;
    all.value = references;
    most.value = SHOWN_AT_FIRST;
    isEnd.value = references.length >= count();
  }, { immediate: true });
  return { shown, left, isBusy, failure, showMore };
}

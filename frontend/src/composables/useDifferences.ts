/** What differs between a scan and the one before it: a paged list, with what is known of both. */

import { shallowRef, watch } from "vue";

import type { DifferenceItem, DifferencePage } from "@/generated/rest";
import { useAccount } from "@/stores/account";

import { useListing } from "./useListing";

export type DifferenceHead = Omit<DifferencePage, "items" | "total">;

/** `head` null: nothing was read yet. `section` "": all of them. */
export function useDifferences(taskId: () => string, attempt: () => number | null) {
  const { api } = useAccount();
  const head = shallowRef<DifferenceHead | null>(null);
  const section = shallowRef("");
  const listing = useListing<DifferenceItem>(
    async (asked) => {
      const query = { ...asked, attempt: attempt(), section: section.value };
      const { items = [], ...rest } = await api.call("GET /api/v1/tasks/{task_id}/diff", { path: { task_id: taskId() }, query });
      head.value = rest;
      return { items, total: rest.total };
    },
    () => `${taskId()} ${attempt()} ${section.value}`,
    () => "",
  );
  watch(() => `${taskId()} ${attempt()}`, () => (head.value = null));
  return { ...listing, head, section };
}

/** Whether a scan has one before it, once that is known: null until then, and when it cannot be read. */
export function usePredecessor(taskId: () => string, attempt: () => number | null, hasEnded: () => boolean) {
  const { api } = useAccount();
  const changes = shallowRef<number | null>(null);
  const hasOne = shallowRef<boolean | null>(null);
  let reads = 0; // grows with every read; an older answer is void

  async function read(): Promise<void> {
    const mine = ++reads;
    hasOne.value = changes.value = null;
    if (!hasEnded()) return;
    const query = { page_size: 1, attempt: attempt() };
    const found = await api.call("GET /api/v1/tasks/{task_id}/diff", { path: { task_id: taskId() }, query }).catch(() => null);
    if (mine !== reads || found === null) return;
    hasOne.value = found.against !== null;
    changes.value = found.changes;
  }

  watch(() => `${taskId()} ${attempt()} ${hasEnded()}`, () => void read(), { immediate: true });
  return { hasOne, changes };
}

/** What was tried, the newest first, and whose results stand. */

import { shallowRef, watch } from "vue";

import type { AttemptItem } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useTexts } from "@/texts";

import { useNews } from "./useNews";

const PAGE_SIZE = 200; // the largest that the server gives
const PAUSE_MS = 1_000; // from the first of some notices to one read

/** Read anew when `signature` changes, and after notices of the task. */
export function useAttempts(taskId: string, signature: () => string) {
  const { api } = useAccount();
  const { language } = useTexts();
  const items = shallowRef<AttemptItem[]>([]);
  const standing = shallowRef<number | null>(null);
  let reads = 0;

  async function read(): Promise<void> {
    const mine = ++reads;
    try {
      const found = await api.call("GET /api/v1/tasks/{task_id}/attempts", { path: { task_id: taskId }, query: { page_size: PAGE_SIZE } });
      if (mine !== reads) return;
      items.value = found.items;
      standing.value = found.shown_attempt;
    } catch {
      // The picker is no more than a way to other attempts: it comes when the server is back.
    }
  }

  watch(() => `${signature()} ${language.value}`, () => void read(), { immediate: true });
  useNews(() => void read(), PAUSE_MS, taskId); // an earlier attempt is shown: nobody follows the newest
  return { items, standing };
}

/** Whether a run has this attempt: those after a lost process belong to the run before. */
export function holds(item: AttemptItem, attempt: number): boolean {
  return item.first_attempt <= attempt && attempt <= item.attempt;
}

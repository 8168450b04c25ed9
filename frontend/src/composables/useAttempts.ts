/** What was tried, the newest first, and whose results stand. */

import { shallowRef, watch } from "vue";

import type { AttemptItem } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

const PAGE_SIZE = 200; // the largest that the server gives

/** `signature`: when it changes, the attempts are read anew. */
export function useAttempts(taskId: string, signature: () => string) {
  const { api } = useAccount();
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<AttemptItem[]>([]);
  const standing = shallowRef<number | null>(null);
  let reads = 0;
  let isFailed = false;

  async function read(): Promise<void> {
    const mine = ++reads;
    try {
      const found = await api.call("GET /api/v1/tasks/{task_id}/attempts", { path: { task_id: taskId }, query: { page_size: PAGE_SIZE } });
      if (mine !== reads) return;
      isFailed = false;
      items.value = found.items;
      standing.value = found.shown_attempt;
    } catch {
      isFailed = mine === reads; // the picker is no more than a way to other attempts: it comes when the server is back
    }
  }

  watch(() => `${signature()} ${language.value}`, () => void read(), { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && isFailed) void read(); });
  return { items, standing };
}

/** Whether a run has this attempt: those after a lost process belong to the run before. */
export function holds(item: AttemptItem, attempt: number): boolean {
  return item.first_attempt <= attempt && attempt <= item.attempt;
}

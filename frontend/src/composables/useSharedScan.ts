/** A scan that is read by a link: its state is asked for, again and again while it runs. */

import { onScopeDispose, shallowRef, watch } from "vue";

import type { ApiError } from "@/api/problem";
import { TaskState } from "@/realtime";
import { useAccount } from "@/stores/account";
import { useTexts } from "@/texts";

import { shownOf, type ShownState } from "./useScan";

const EVERY_MS = 5_000;
const NOT_FOUND = 404;

/** `isGone`: the link leads nowhere, or no longer. `failure`: why the newest read failed; it is tried again. */
export function useSharedScan(taskId: string) {
  const { api } = useAccount();
  const { language } = useTexts();
  const shown = shallowRef<ShownState | null>(null);
  const isGone = shallowRef(false);
  const failure = shallowRef<unknown>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reads = 0; // grows with every read; an older answer is void

  async function read(): Promise<void> {
    const mine = ++reads;
    clearTimeout(timer);
    try {
      const state = await api.call("GET /api/v1/monitor/tasks/{task_id}/status", { path: { task_id: taskId } });
      if (mine !== reads) return;
      shown.value = shownOf(new TaskState({ ...state, type: "task_snapshot", timestamp: state.created_at, logs: [] }));
      failure.value = null;
    } catch (error) {
      if (mine !== reads) return;
      failure.value = error;
      isGone.value = (error as ApiError).status === NOT_FOUND;
    }
    if (!isGone.value && shown.value?.ended !== true) timer = setTimeout(() => void read(), EVERY_MS);
  }

  watch(language, () => void read(), { immediate: true });
  onScopeDispose(() => {
    reads += 1;
    clearTimeout(timer);
  });
  return { shown, isGone, failure, read };
}

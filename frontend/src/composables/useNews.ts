/**
 * Calls `read` soon, once for many, after a notice of any task, or of one alone (`taskId`), and after a cut of the
 * connection, which hides some. Of a task that is followed there are no notices.
 */

import { onScopeDispose, watch } from "vue";

import { useConnection } from "@/stores/connection";

import { useSoon } from "./useSoon";

export function useNews(read: () => void, pauseMs: number, taskId?: string): void {
  const connection = useConnection();
  const readSoon = useSoon(read, pauseMs);
  watch(() => connection.isOnline, (isOnline) => { if (isOnline) readSoon(); });
  onScopeDispose(connection.onNotice((frame) => { if (taskId === undefined || frame.task_id === taskId) readSoon(); }));
}

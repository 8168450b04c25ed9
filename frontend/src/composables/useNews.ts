/** Calls `read` soon, once for many, after a notice of any task, and after a cut of the connection, which hides some. */

import { onScopeDispose, watch } from "vue";

import { useConnection } from "@/stores/connection";

import { useSoon } from "./useSoon";

export function useNews(read: () => void, pauseMs: number): void {
  const connection = useConnection();
  const readSoon = useSoon(read, pauseMs);
  watch(() => connection.isOnline, (isOnline) => { if (isOnline) readSoon(); });
  onScopeDispose(connection.onNotice(readSoon));
}

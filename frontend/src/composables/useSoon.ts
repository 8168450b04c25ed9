/** Calls `action` once for many requests, `pauseMs` after the first of them. */

import { onScopeDispose } from "vue";

export function useSoon(action: () => void, pauseMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(timer));
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, pauseMs);
  };
}

/** Lines of a list that are picked, so that something is done with all of them, and what is asked about them before. */

import { computed, shallowRef, watch } from "vue";

/** Why they are dismissed, who takes care of them, or what is said about them; null: nothing is asked. */
export type Asking = "dismissed" | "assignment" | "comment" | null;

export function usePicks<T>(lines: () => readonly T[], keyOf: (line: T) => string) {
  const keys = shallowRef<ReadonlySet<string>>(new Set());
  /** Those of the list alone: nobody acts on what cannot be seen. */
  const picked = computed(() => lines().filter(isPicked));
  const asking = shallowRef<Asking>(null);
  let isForForm = false; // `openAssignment` has picked the line: it stays picked only while its form is open

  function isPicked(line: T): boolean {
    return keys.value.has(keyOf(line));
  }

  /** The form of an assignment shows what is said of all as it opens: some may leave them meanwhile, but none can join. */
  function canPick(line: T): boolean {
    return asking.value !== "assignment" || isPicked(line);
  }

  function pick(some: readonly T[], isWanted: boolean): void {
    const changed = new Set(keys.value);
    for (const line of some) {
      if (!isWanted) changed.delete(keyOf(line));
      else if (canPick(line)) changed.add(keyOf(line));
    }
    keys.value = changed;
  }

  /** Asks about the selection; without one, selects `line`. Does nothing while a form is open. */
  function openAssignment(line: T | null): void {
    if (picked.value.length === 0 && line !== null) {
      pick([line], true);
      isForForm = true;
    }
    if (picked.value.length > 0) asking.value ??= "assignment";
  }

  /** For another list. */
  function clear(): void {
    keys.value = new Set();
    asking.value = null;
  }

  watch(() => picked.value.length, (left) => { if (left === 0) asking.value = null; });
  watch(asking, (now) => {
    if (now === "assignment") keys.value = new Set(picked.value.map(keyOf)); // what comes into sight later cannot join either
    if (now !== null || !isForForm) return;
    keys.value = new Set();
    isForForm = false;
  });
  return { picked, isPicked, canPick, pick, asking, openAssignment, clear };
}

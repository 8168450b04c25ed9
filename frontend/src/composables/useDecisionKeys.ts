/** The keys of decisions: `c` confirms, `d` dismisses, `m` marks a fix in progress, `a` assigns, `o` opens again, `u` undoes, `x` picks. Not while the user types, nor while single keys are off, nor for who decides nothing. */

import { onScopeDispose } from "vue";

import { useMe } from "@/stores/me";

import { isSingleKey } from "./useQueueKeys";

export type DecisionKey = "c" | "d" | "m" | "o" | "u";

export function useDecisionKeys(acts: Record<DecisionKey, () => void> & { a?: () => void; x?: () => void }): void {
  const me = useMe();

  function onKey(event: KeyboardEvent): void {
    if (!me.mayReview || event.repeat || !isSingleKey(event)) return;
    const act = acts[event.key as keyof typeof acts];
    if (act === undefined) return;
    act();
    event.preventDefault();
  }

  addEventListener("keydown", onKey);
  onScopeDispose(() => removeEventListener("keydown", onKey));
}

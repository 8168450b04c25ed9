/** Moves through a list by keyboard: `j` and `k` unless single keys are off, `Enter` opens, `Escape` closes. Never while somebody types. */

import { onScopeDispose, shallowRef, watch } from "vue";

import { areSingleKeysOn } from "@/singleKeys";

/** `keys`: of the lines in their order. `chosen` -1: none. `choose`, `open` and `close` also serve the mouse. */
export function useQueueKeys(keys: () => readonly string[]) {
  const chosen = shallowRef(-1);
  const isOpen = shallowRef(false);

  /** The chosen line stays chosen where others leave or come back; of one that leaves itself, the next is. At once: keys decide. */
  watch(keys, (now, before) => {
    const index = now.indexOf(before[chosen.value] ?? "");
    if (index >= 0) chosen.value = index;
  }, { flush: "sync" });

  function choose(index: number): void {
    const { length } = keys();
    const next = Math.max(0, Math.min(index, length - 1));
    if (length === 0 || next === chosen.value) return;
    chosen.value = next;
    isOpen.value = false;
  }

  function open(index: number): void {
    choose(index);
    isOpen.value = true;
  }

  function close(): void {
    isOpen.value = false;
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "j" && areSingleKeysOn.value) choose(chosen.value + 1);
    else if (event.key === "k" && areSingleKeysOn.value) choose(chosen.value - 1);
    else if (event.key === "Escape" && isOpen.value) close();
    else if (event.key === "Enter" && chosen.value >= 0 && !isControl(event.target)) open(chosen.value);
    else return;
    event.preventDefault();
  }

  addEventListener("keydown", onKey);
  onScopeDispose(() => removeEventListener("keydown", onKey));
  return { chosen, isOpen, choose, open, close };
}

/** Whether the key alone is meant for the page: single keys are on, and nobody types. */
export function isSingleKey(event: KeyboardEvent): boolean {
  return areSingleKeysOn.value && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
}

/** In a field, or in front of a dialog that lies over everything: a click on its text leaves the focus with the page. */
export function isTyping(target: EventTarget | null): boolean {
  return document.querySelector("dialog[open]") !== null || target instanceof Element && target.closest("input, textarea, select, [contenteditable], [role=dialog]") !== null;
}

/** What has a meaning of its own for `Enter`. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a, button, summary") !== null;
}

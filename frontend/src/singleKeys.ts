/** Whether keys without Ctrl, Alt or Command do something: who speaks to the computer, or hits keys by accident, turns them off (WCAG 2.1.4). Remembered in this browser. */

import { readonly, shallowRef } from "vue";

const KEY = "compliance.single_keys";
const OFF = "off";
const isOn = shallowRef(true);

export const areSingleKeysOn = readonly(isOn);

export function restoreSingleKeys(): void {
  isOn.value = localStorage.getItem(KEY) !== OFF;
}

export function switchSingleKeys(wanted: boolean): void {
  if (wanted) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, OFF);
  isOn.value = wanted;
}

/** Other tabs of this browser follow. */
export function followSingleKeys(): void {
  restoreSingleKeys();
  addEventListener("storage", ({ key }) => { if (key === KEY || key === null) restoreSingleKeys(); });
}

/** What `aria-keyshortcuts` says: nothing for a key that does nothing. */
export function keyShortcut(key: string): string | undefined {
  return isOn.value ? key : undefined;
}

/** The offer to undo that a view had made and the reader has left since: it goes with the reader until its time is over. */

import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

import type { Batch } from "@/composables/useTriage";

export interface Offer {
  batch: Batch;
  /** Returns whether it went well with all. */
  undo: () => Promise<boolean>;
  /** Why it did not. */
  problem: () => string;
}

export const useLeftUndo = defineStore("left-undo", () => {
  const offer = shallowRef<Offer | null>(null);
  const isBusy = shallowRef(false);
  const problem = shallowRef("");
  /** Grows when something was taken back: what other views show of it is old. */
  const undone = shallowRef(0);
  const batch = computed(() => offer.value?.batch ?? null);

  function leave(left: Offer): void {
    offer.value = left;
    problem.value = "";
  }

  function clear(): void {
    offer.value = null;
    problem.value = "";
  }

  async function undo(): Promise<void> {
    const taken = offer.value;
    if (taken === null || isBusy.value) return;
    isBusy.value = true;
    const went = await taken.undo();
    isBusy.value = false;
    undone.value += 1;
    if (offer.value !== taken) return; // another view was left meanwhile
    if (went) clear();
    else problem.value = taken.problem();
  }

  return { batch, isBusy, problem, undone, leave, clear, undo };
});

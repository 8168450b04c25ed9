/** Something that the reader asks the server to do: whether it is under way, and why it failed. */

import { computed, shallowRef } from "vue";

import { useTexts } from "@/texts";
import { errorText } from "@/texts/errors";

/** `problem`: in words, "" when nothing failed. `run` tells whether it went well; while it is under way it does nothing. */
export function useAction() {
  const texts = useTexts();
  const isBusy = shallowRef(false);
  const failure = shallowRef<unknown>(null);
  const problem = computed(() => (failure.value === null ? "" : errorText(texts, failure.value)));

  async function run(action: () => Promise<unknown>): Promise<boolean> {
    if (isBusy.value) return false;
    isBusy.value = true;
    failure.value = null;
    try {
      await action();
      return true;
    } catch (error) {
      failure.value = error;
      return false;
    } finally {
      isBusy.value = false;
    }
  }

  return { isBusy, failure, problem, run };
}

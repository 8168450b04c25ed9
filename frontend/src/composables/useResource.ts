/** What one call of REST gives, with what a reader must know while it is not there: loading, failed, gone, forbidden. */

import { onScopeDispose, shallowRef, watch } from "vue";

import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

/**
 * Reads at once, when `key` changes (what was there is gone then), in another language, and after a failure as soon as
 * the live connection is back. `value` null: nothing was read yet. `failure`: why the newest read failed; what was there stays.
 */
export function useResource<T>(call: () => Promise<T>, key: () => string = () => "") {
  const connection = useConnection();
  const { language } = useTexts();
  const value = shallowRef<T | null>(null);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  let reads = 0; // grows with every read; an older answer is void

  async function read(): Promise<void> {
    const mine = ++reads;
    isBusy.value = true;
    try {
      const found = await call();
      if (mine !== reads) return;
      value.value = found;
      failure.value = null;
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  /** One read where both change: the server refuses a second report meanwhile. */
  watch([key, language], ([now], [before]) => {
    if (before !== undefined && now !== before) value.value = failure.value = null;
    void read();
  }, { immediate: true });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void read(); });
  onScopeDispose(() => (reads += 1));
  return { value, failure, isBusy, read };
}

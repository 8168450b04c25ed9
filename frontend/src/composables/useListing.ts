/** A paged list of a scan's results with a search, read when it is looked at and, while the scan runs, as it grows. */

import { onScopeDispose, shallowRef, watch } from "vue";

import { useConnection } from "@/stores/connection";
import { useTexts } from "@/texts";

export const PAGE_SIZE = 50;
const TYPING_MS = 300; // a search begins when one stops typing for so long
const PAUSE_MS = 5_000; // between two reads of a running scan

export interface Asked {
  page: number;
  page_size: number;
  q: string;
}
interface Found<T> {
  items: T[];
  total: number;
}

/**
 * `key`: another one is another list, which begins at its first page. `growth`: another one says that there is more.
 * `items` null: nothing was read yet. `failure`: why the newest read failed; what was there stays.
 */
export function useListing<T>(call: (asked: Asked) => Promise<Found<T>>, key: () => string, growth: () => string) {
  const connection = useConnection();
  const { language } = useTexts();
  const items = shallowRef<readonly T[] | null>(null);
  const total = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  const search = shallowRef("");
  const page = shallowRef(1);
  let reads = 0; // grows with every read; an older answer is void
  let readAt = 0;
  let typing: ReturnType<typeof setTimeout> | undefined;
  let growing: ReturnType<typeof setTimeout> | undefined;

  async function read(): Promise<void> {
    clearTimeout(growing);
    growing = undefined;
    const mine = ++reads;
    readAt = Date.now();
    isBusy.value = true;
    try {
      const found = await call({ page: page.value, page_size: PAGE_SIZE, q: search.value.trim() });
      if (mine !== reads) return;
      [items.value, total.value, failure.value] = [found.items, found.total, null];
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  function readFirst(): void {
    page.value = 1;
    void read();
  }

  function go(to: number): void {
    page.value = to;
    void read();
  }

  watch(key, () => {
    items.value = null;
    readFirst();
  });
  watch(language, () => void read(), { immediate: true });
  watch(search, () => {
    clearTimeout(typing);
    typing = setTimeout(readFirst, TYPING_MS);
  });
  watch(growth, () => (growing ??= setTimeout(() => void read(), Math.max(0, readAt + PAUSE_MS - Date.now()))));
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && failure.value !== null) void read(); });
  onScopeDispose(() => {
    reads += 1;
    clearTimeout(typing);
    clearTimeout(growing);
  });
  return { items, total, failure, isBusy, search, page, read, go };
}

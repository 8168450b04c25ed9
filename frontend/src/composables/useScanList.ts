/** The user's scans: one page of REST, kept fresh by notices and by following what runs. No polling. */

import { onScopeDispose, shallowRef, watch, type Ref } from "vue";

import { momentsOf, type ListQuery } from "@/components/scans/scanAddress";
import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";

import { useFollowedRows } from "./useFollowedRows";
import { useSoon } from "./useSoon";

export const PAGE_SIZE = 30;
const PAUSE_MS = 1_000; // between two loads that notices ask for

/** `items` null: nothing was read yet. `failure`: why the newest read failed; what was there stays. */
export function useScanList(query: Ref<ListQuery>) {
  const { api } = useAccount();
  const connection = useConnection();
  const total = shallowRef(0);
  const failure = shallowRef<unknown>(null);
  let loads = 0; // grows with every load; an older answer is void
  /** Notices say that something changed; what they do not hold is read anew, once for many. */
  const loadSoon = useSoon(() => void load(), PAUSE_MS);
  const { rows: items, show } = useFollowedRows(loadSoon);

  async function load(): Promise<void> {
    const mine = ++loads;
    const { page, status, domain, risk, verdict, sort } = query.value;
    try {
      const found = await api.call("GET /api/v1/tasks", { query: { page, page_size: PAGE_SIZE, status, domain, risk, verdict, sort, ...momentsOf(query.value) } });
      if (mine !== loads) return;
      failure.value = null;
      total.value = found.total;
      show(found.items);
    } catch (error) {
      if (mine === loads) failure.value = error;
    }
  }

  watch(() => JSON.stringify(query.value), () => void load(), { immediate: true }); // other words of an address change nothing
  watch(() => connection.isOnline, (isOnline) => { if (isOnline) void load(); });
  const endNotices = connection.onNotice(loadSoon);
  onScopeDispose(() => {
    loads += 1;
    endNotices();
  });
  return { items, total, failure, load };
}

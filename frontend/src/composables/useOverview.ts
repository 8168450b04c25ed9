/** All scans at a glance: one answer of REST, read anew when notices say that something changed. No polling. */

import { onScopeDispose, watch } from "vue";

import { useAccount } from "@/stores/account";
import { useConnection } from "@/stores/connection";

import { useFollowedRows } from "./useFollowedRows";
import { useResource } from "./useResource";
import { useSoon } from "./useSoon";

const PAUSE_MS = 3_000; // between two reads that notices ask for: the answer is made of a thousand scans

/** `overview` null: nothing was read yet. `running`: what runs and waits, as it moves. */
export function useOverview() {
  const { api } = useAccount();
  const connection = useConnection();
  const { value: overview, failure, read } = useResource(() => api.call("GET /api/v1/overview"));
  const readSoon = useSoon(() => void read(), PAUSE_MS);
  const { rows: running, show } = useFollowedRows(readSoon);

  watch(overview, (found) => { if (found !== null) show(found.unfinished); });
  watch(() => connection.isOnline, (isOnline) => { if (isOnline && overview.value !== null) readSoon(); });
  onScopeDispose(connection.onNotice(readSoon));
  return { overview, running, failure, read };
}

/** The audit log, filtered, read piece by piece, the newest first; and all of it as a file. */

import { shallowRef } from "vue";

import type { AuditItem } from "@/generated/rest";
import { saveFile } from "@/saveFile";
import { useAccount } from "@/stores/account";

const AT_ONCE = 50;

/** As the reader types them: times are of the reader's own zone, and empty when they do not filter. */
export interface AuditFilters {
  actor: string;
  action: string;
  since: string;
  until: string;
}

export function queryOf({ actor, action, since, until }: AuditFilters): Record<string, string> {
  return { actor: actor.trim(), action: action.trim(), since: instant(since), until: instant(until) };
}

function instant(local: string): string {
  const moment = new Date(local);
  return local === "" || Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
}

/** `items` null: nothing was read yet. */
export function useAudit() {
  const { api } = useAccount();
  const items = shallowRef<AuditItem[] | null>(null);
  const cursor = shallowRef<string | null>(null);
  const failure = shallowRef<unknown>(null);
  const isBusy = shallowRef(false);
  let wanted: Record<string, string> = {};
  let reads = 0; // grows with every new list; an older answer is void

  async function readMore(): Promise<void> {
    const mine = reads;
    isBusy.value = true;
    failure.value = null;
    try {
      const found = await api.call("GET /api/v1/admin/audit", { query: { ...wanted, cursor: cursor.value, limit: AT_ONCE } });
      if (mine !== reads) return;
      items.value = [...(items.value ?? []), ...found.items];
      cursor.value = found.next_cursor;
    } catch (error) {
      if (mine === reads) failure.value = error;
    } finally {
      if (mine === reads) isBusy.value = false;
    }
  }

  function read(filters: AuditFilters): Promise<void> {
    reads += 1;
    wanted = queryOf(filters);
    [items.value, cursor.value] = [null, null];
    return readMore();
  }

  async function save(filters: AuditFilters, format: "csv" | "ndjson"): Promise<void> {
    saveFile(await api.file("GET /api/v1/admin/audit", { query: { ...queryOf(filters), format } }), `audit.${format}`);
  }

  return { items, cursor, failure, isBusy, read, readMore, save };
}

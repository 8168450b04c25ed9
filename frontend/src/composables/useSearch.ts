/** What is found by a part of a name, while somebody types: domains by the server, views of the page at once. */

import { onScopeDispose, shallowRef, watch } from "vue";
import type { RouteLocationRaw } from "vue-router";

import type { InventoryItem, SearchResult } from "@/generated/rest";
import { useAccount } from "@/stores/account";

const MOST_PARTIES = 10; // as of each other kind
const TYPING_MS = 200; // a search begins when one stops typing for so long
const NOTHING: SearchResult = { sites: [], scans: [], findings: [] };

export interface Hit {
  kind: "sites" | "scans" | "findings" | "parties" | "views";
  key: string;
  /** The title of a view. */
  domain: string;
  /** Null: nothing is said beside the name. */
  status: string | null;
  risk: string | null;
  /** The site of a finding. */
  site: string | null;
  to: RouteLocationRaw;
}

/**
 * `hits` null: nothing was asked, or nothing is known yet. `isCurrent`: they, and the failure, are all of what stands in the field now.
 * `failure`: why something of the newest search failed; `hits` are then what the rest of it has found.
 * `viewsOf`: the views that these words name.
 */
export function useSearch(viewsOf: (q: string) => Hit[] = () => []) {
  const { api } = useAccount();
  const text = shallowRef("");
  const hits = shallowRef<Hit[] | null>(null);
  const failure = shallowRef<unknown>(null);
  const isCurrent = shallowRef(true);
  let asked = 0; // grows with every change; an older answer is void
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(q: string): Promise<void> {
    const mine = ++asked;
    let found = NOTHING;
    let parties: readonly InventoryItem[] = [];
    const failures: unknown[] = [];
    const views = viewsOf(q);
    const now = () => [...hitsOf(found, parties), ...views];
    const answers = [
      api.call("GET /api/v1/search", { query: { q } }).then((answer) => (found = answer)),
      api.call("GET /api/v1/third-parties", { query: { q, page_size: MOST_PARTIES } }).then((answer) => (parties = answer.items)),
    ];
    // What one of them finds is shown while the other is on its way, or has failed.
    await Promise.all(answers.map(async (answer) => {
      await answer.catch((error: unknown) => failures.push(error));
      if (mine === asked && now().length > 0) hits.value = now();
    }));
    if (mine !== asked) return;
    failure.value = failures[0] ?? null;
    hits.value = failures.length < answers.length || views.length > 0 ? now() : null;
    isCurrent.value = true;
  }

  watch(text, (typed) => {
    clearTimeout(timer);
    const q = typed.trim();
    isCurrent.value = q === "";
    asked += 1;
    if (q !== "") timer = setTimeout(() => void ask(q), TYPING_MS);
    else [hits.value, failure.value] = [null, null];
  });
  onScopeDispose(() => {
    asked += 1;
    clearTimeout(timer);
  });
  return { text, hits, failure, isCurrent };
}

export function hitsOf({ sites, scans, findings }: SearchResult, parties: readonly InventoryItem[] = []): Hit[] {
  return [
    ...sites.map((domain) => hit("sites", domain, domain, { name: "scans", query: { domain } })),
    ...findings.map((one) => ({
      ...hit("findings", `${one.task_id} ${one.finding_id}`, one.domain, { name: "finding", params: { id: one.task_id, finding: one.finding_id } }),
      risk: one.risk_level, site: one.target_domain,
    })),
    ...parties.map(({ domain }) => hit("parties", domain, domain, { name: "inventory-party", params: { domain } })),
    ...scans.map((one) => ({ ...hit("scans", one.task_id, one.target_domain, { name: "scan", params: { id: one.task_id } }), status: one.status })),
  ];
}

export function hit(kind: Hit["kind"], key: string, domain: string, to: RouteLocationRaw): Hit {
  return { kind, key: `${kind} ${key}`, domain, status: null, risk: null, site: null, to };
}

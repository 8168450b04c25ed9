/** The findings of a scan as the address of its page has them: which, and how many pages of them. */

import { STATES } from "@/composables/useDecisions";
import { RISK_LEVELS } from "@/generated/contract";
import type { FindingSummary } from "@/generated/rest";

export const KINDS = [
  "gambling", "adult", "drugs", "fraud", "medical", "violence", "malware", "hidden_link", "takeover", "tampered", "other",
] as const satisfies readonly FindingSummary["violation_key"][];
const HIDDEN = ["true", "false"] as const;
const USER = /^(me|none|[0-9a-f-]{36})$/; // as the server
const MOST_PAGES = 20; // that an address brings back
export const MAX_HOST = 200; // as the server

/** `null`: all of them. `host`: a part of the domain, or of the URL of the page that refers to it. */
export interface FindingQuery {
  risk: (typeof RISK_LEVELS)[number] | null;
  kind: (typeof KINDS)[number] | null;
  hidden: (typeof HIDDEN)[number] | null;
  decision: (typeof STATES)[number] | null;
  /** "me", "none", or a user's id. */
  assignee: string | null;
  host: string;
}
export type Filter = Exclude<keyof FindingQuery, "host">;

/** What an address asks for; what it has of other making is left out. */
export function findingQueryOf(address: Readonly<Record<string, unknown>>): FindingQuery {
  const { assignee, host } = address;
  return {
    risk: RISK_LEVELS.find((risk) => risk === address.risk) ?? null,
    kind: KINDS.find((kind) => kind === address.kind) ?? null,
    hidden: HIDDEN.find((hidden) => hidden === address.hidden) ?? null,
    decision: STATES.find((state) => state === address.decision) ?? null,
    assignee: typeof assignee === "string" && USER.test(assignee) ? assignee : null,
    host: typeof host === "string" ? host.slice(0, MAX_HOST) : "",
  };
}

/** So many pages of the list were read when the address was written. */
export function pagesOf({ pages }: Readonly<Record<string, unknown>>): number {
  return Math.max(1, Math.min(Math.floor(Number(pages)) || 1, MOST_PAGES));
}

/** The address with other findings, and what else it has; null and empty are left out. */
export function withFindings<T>(address: Readonly<Record<string, T>>, changed: Partial<Record<keyof FindingQuery | "pages", string | null>>): Record<string, T | string> {
  const { pages: _pages, ...rest } = address;
  const next: Record<string, T | string | null> = { ...rest, ...changed };
  return Object.fromEntries(Object.entries(next).filter((entry): entry is [string, T | string] => entry[1] !== null && entry[1] !== ""));
}

/** What of an address says which findings are listed: a finding keeps it in its own, so that the way back leads there. */
export function listOf(address: Readonly<Record<string, unknown>>): Record<string, string> {
  const pages = pagesOf(address);
  return { ...withFindings<string>({}, { ...findingQueryOf(address) }), ...(pages > 1 ? { pages: String(pages) } : {}) };
}

/** As the server is asked for it. */
export function askedOf({ risk, kind, hidden, decision, assignee, host }: FindingQuery) {
  return { risk_level: risk, violation_key: kind, hidden, decision, assignee, q: host };
}

export function isNarrowed(query: FindingQuery): boolean {
  return Object.values(query).some((value) => value !== null && value !== "");
}

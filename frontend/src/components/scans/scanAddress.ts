/** The list of scans as its address has it: a view with its filters and order can be sent to somebody. */

import { RISK_LEVELS } from "@/generated/contract";
import type { Result, TaskStatus } from "@/generated/rest";

export const STATUSES: TaskStatus[] = ["pending", "running", "cancelling", "completed", "failed", "cancelled"];
export const RESULTS: Result[] = ["violations", "clean", "inconclusive"];
export const NEWEST_FIRST = "-created_at";
/** As the server has them; `-` descends. */
export const ORDERS = [
  NEWEST_FIRST, "created_at", "-completed_at", "completed_at", "target_domain", "-target_domain", "status", "-status",
] as const;
export type Order = (typeof ORDERS)[number];
export const MAX_DOMAIN = 253;
export type Risk = (typeof RISK_LEVELS)[number];

export interface ListQuery {
  page: number;
  /** Null: all of them. */
  status: TaskStatus | null;
  /** A part of the domain; empty: all of them. */
  domain: string;
  /** The worst that is open; null: whatever it is. */
  risk: Risk | null;
  /** Of completed scans; null: whatever it is. */
  verdict: Result | null;
  /** Days of the reader's zone ("2026-11-27") from and to which scans were created, both included; empty: no limit. */
  since: string;
  until: string;
  sort: Order;
}
export type View = Omit<ListQuery, "page">;

/** What an address asks for; what it has of other making is left out. */
export function queryOf(address: Readonly<Record<string, unknown>>): ListQuery {
  return { page: Math.max(1, Math.floor(Number(address.page)) || 1), ...viewOf(address) };
}

export function viewOf(address: Readonly<Record<string, unknown>>): View {
  return {
    status: STATUSES.find((status) => status === address.status) ?? null,
    domain: typeof address.domain === "string" ? address.domain.slice(0, MAX_DOMAIN) : "",
    risk: RISK_LEVELS.find((risk) => risk === address.risk) ?? null,
    verdict: RESULTS.find((result) => result === address.verdict) ?? null,
    since: dayOf(address.since),
    until: dayOf(address.until),
    sort: ORDERS.find((order) => order === address.sort) ?? NEWEST_FIRST,
  };
}

/** Without what goes without saying, so that the same list has the same address. */
export function addressOf({ status, domain, risk, verdict, since, until, sort, page = 1 }: View & { page?: number }): Record<string, string> {
  return {
    ...(status === null ? {} : { status }),
    ...(domain === "" ? {} : { domain }),
    ...(risk === null ? {} : { risk }),
    ...(verdict === null ? {} : { verdict }),
    ...(since === "" ? {} : { since }),
    ...(until === "" ? {} : { until }),
    ...(sort === NEWEST_FIRST ? {} : { sort }),
    ...(page > 1 ? { page: String(page) } : {}),
  };
}

export function isSameView(one: View, other: View): boolean {
  const [mine, theirs] = [addressOf({ ...one, page: 1 }), addressOf({ ...other, page: 1 })];
  return new URLSearchParams(mine).toString() === new URLSearchParams(theirs).toString();
}

/** What leaves scans out, by what is in the view. */
export function isFiltered({ status, domain, risk, verdict, since, until }: View): boolean {
  return status !== null || domain !== "" || risk !== null || verdict !== null || since !== "" || until !== "";
}

/** The moments between which the days of a view lie, as the server asks for them: the second is out already. */
export function momentsOf({ since, until }: Pick<View, "since" | "until">): { since?: string; until?: string } {
  return { ...(since === "" ? {} : { since: midnight(since, 0) }), ...(until === "" ? {} : { until: midnight(until, 1) }) };
}

/** In the reader's zone; days differ in length. */
function midnight(day: string, later: number): string {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year!, month! - 1, date! + later).toISOString();
}

function dayOf(asked: unknown): string {
  if (typeof asked !== "string" || !/^[12]\d{3}-\d\d-\d\d$/.test(asked)) return "";
  return Number.isNaN(new Date(`${asked}T00:00:00`).getTime()) ? "" : asked;
}

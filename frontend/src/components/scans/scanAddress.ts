/** The list of scans as its address has it: a view with its filters and order can be sent to somebody. */

import type { TaskStatus } from "@/generated/rest";

export const STATUSES: TaskStatus[] = ["pending", "running", "cancelling", "completed", "failed", "cancelled"];
export const NEWEST_FIRST = "-created_at";
/** As the server has them; `-` descends. */
export const ORDERS = [
  NEWEST_FIRST, "created_at", "-completed_at", "completed_at", "target_domain", "-target_domain", "status", "-status",
] as const;
export type Order = (typeof ORDERS)[number];
export const MAX_DOMAIN = 253;

export interface ListQuery {
  page: number;
  /** Null: all of them. */
  status: TaskStatus | null;
  /** A part of the domain; empty: all of them. */
  domain: string;
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
    sort: ORDERS.find((order) => order === address.sort) ?? NEWEST_FIRST,
  };
}

/** Without what goes without saying, so that the same list has the same address. */
export function addressOf({ status, domain, sort, page = 1 }: View & { page?: number }): Record<string, string> {
  return {
    ...(status === null ? {} : { status }),
    ...(domain === "" ? {} : { domain }),
    ...(sort === NEWEST_FIRST ? {} : { sort }),
    ...(page > 1 ? { page: String(page) } : {}),
  };
}

export function isSameView(one: View, other: View): boolean {
  return one.status === other.status && one.domain === other.domain && one.sort === other.sort;
}

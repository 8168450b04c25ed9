/** REST as a component meets it: answers by route, and what was asked. */

import { createPinia, setActivePinia, type Pinia } from "pinia";
import { createMemoryHistory, createRouter, createWebHashHistory, type Router } from "vue-router";

import { useAccount } from "@/stores/account";
import { i18n } from "@/texts";

const DAY_S = 86_400;
type Answer = unknown | Response | ((asked: Asked) => unknown);

export interface Asked {
  method: string;
  /** Below `api/v1`. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

export class FakeRest {
  readonly asked: Asked[] = [];
  /** By "METHOD /path"; null: 404. A `Response` is given as it is. */
  answers: Record<string, Answer> = {};

  /** What mounts a component that is signed in; the live connection stays away. */
  mounting(): { plugins: (Pinia | Router | typeof i18n)[] } {
    const pinia = createPinia();
    setActivePinia(pinia);
    globalThis.fetch = (address, init) => this.#answer(String(address), init ?? {});
    const account = useAccount();
    account.api.session.begin({ session_id: "s", username: "admin", access_token: "secret-token", token_type: "bearer", expires_in: DAY_S });
    account.username = null; // with a name the live connection would be opened
    return { plugins: [pinia, pageRoutes(), i18n] };
  }

  /** How often a route was asked. */
  count(method: string, path: string): number {
    return this.asked.filter((one) => one.method === method && one.path === path).length;
  }

  async #answer(address: string, { method = "GET", headers, body }: RequestInit): Promise<Response> {
    const { pathname, searchParams } = new URL(address);
    const path = pathname.slice(pathname.indexOf("/api/v1") + "/api/v1".length);
    const asked = { method, path, query: searchParams, headers: new Headers(headers), body: body ? JSON.parse(String(body)) : null };
    this.asked.push(asked);
    const answer = this.answers[`${method} ${path}`];
    const given = typeof answer === "function" ? await answer(asked) : answer;
    if (given instanceof Response) return given.clone();
    return given === undefined || given === null ? problem(404, "not_found") : Response.json(given);
  }
}

export function problem(status: number, code: string): Response {
  return Response.json({ status, code, title: code, detail: code, trace_id: "t" }, { status });
}

/** The addresses of the page, without its views. */
export function pageRoutes(): Router {
  const component = { template: "<i />" };
  const names = { overview: "/overview", review: "/review", scans: "/scans", sites: "/sites", site: "/sites/:id", orders: "/orders", order: "/orders/:id", scan: "/scans/:id", report: "/scans/:id/report", finding: "/scans/:id/findings/:finding", party: "/scans/:id/third-parties/:domain", page: "/scans/:id/pages/:page", admin: "/admin/:section", notifications: "/notifications/:section", inventory: "/third-parties", "inventory-party": "/third-parties/:domain" };
  const routes = [...Object.entries(names).map(([name, path]) => ({ name, path, component })), { path: "/:rest(.*)*", component }];
  return createRouter({ history: typeof location === "undefined" ? createMemoryHistory() : createWebHashHistory(), routes });
}

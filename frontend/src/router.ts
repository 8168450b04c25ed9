/**
 * The addresses of the views. They stand behind the `#`: so the page runs under any path, and the server need not know
 * them.
 */

import { watch } from "vue";
import { createRouter, createWebHashHistory, type RouteLocation, type RouteRecordRaw, type Router } from "vue-router";

import { ADMIN_SECTIONS } from "./adminSections";
import type { SharedLink } from "./api/sharedLink";
import { TERMINAL_STATUSES } from "./generated/contract";
import { NOTIFICATION_SECTIONS } from "./notificationSections";
import type { useAccount } from "./stores/account";

const TASK_ID = "[0-9a-f-]{36}";

const signInView = () => import("./views/SignInView.vue");

export function createPageRouter(account: ReturnType<typeof useAccount>): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    scrollBehavior: (to, from, saved) => saved ?? (staysInPlace(to, from) ? false : { top: 0 }),
    routes: account.link !== null ? sharedRoutes(account.link) : [
      { path: "/", name: "start", component: () => import("./views/OverviewView.vue") }, // never shown: see `firstView`
      { path: "/overview", name: "overview", component: () => import("./views/OverviewView.vue"), meta: { roomy: true } },
      { path: "/sign-in", name: "sign-in", component: signInView, meta: { open: true } },
      { path: "/scans", name: "scans", component: () => import("./views/ScansView.vue"), meta: { roomy: true } },
      { path: `/scans/:id(${TASK_ID})`, name: "scan", component: () => import("./views/ScanView.vue"), props: scanProps, meta: { roomy: true } },
      { path: `/scans/:id(${TASK_ID})/report`, name: "report", component: () => import("./views/ReportView.vue"), props: scanProps },
      { path: `/scans/:id(${TASK_ID})/findings/:finding`, name: "finding", component: () => import("./views/FindingView.vue"), props: findingProps },
      { path: "/sites", name: "sites", component: () => import("./views/SitesView.vue"), meta: { roomy: true } },
      { path: `/sites/:id(${TASK_ID})`, name: "site", component: () => import("./views/SiteView.vue"), props: ({ params }) => ({ siteId: String(params.id) }) },
      { path: "/orders", name: "orders", component: () => import("./views/OrdersView.vue"), meta: { roomy: true } },
      { path: `/orders/:id(${TASK_ID})`, name: "order", component: () => import("./views/OrderView.vue"), props: ({ params }) => ({ orderId: String(params.id) }), meta: { roomy: true } },
      { path: `/scans/:id(${TASK_ID})/third-parties/:domain`, name: "party", component: () => import("./views/PartyView.vue"), props: partyProps },
      { path: `/scans/:id(${TASK_ID})/pages/:page(\\d+)`, name: "page", component: () => import("./views/PageView.vue"), props: pageProps },
      { path: "/third-parties", name: "inventory", component: () => import("./views/InventoryView.vue"), meta: { roomy: true } },
      { path: "/third-parties/:domain", name: "inventory-party", component: () => import("./views/InventoryPartyView.vue"), props: true, meta: { roomy: true } },
      // Addresses of the page before this one, as they stand in old messages.
      { path: "/tasks/:rest(.*)*", redirect: ({ path, query }) => ({ path: path.replace("/tasks", "/scans"), query }) },
      { path: "/review", name: "review", component: () => import("./views/ReviewView.vue"), meta: { roomy: true } },
      { path: "/notifications", redirect: "/notifications/feed" },
      { path: `/notifications/:section(${NOTIFICATION_SECTIONS.join("|")})`, name: "notifications", component: () => import("./views/NotificationsView.vue"), props: true },
      { path: "/profile", name: "profile", component: () => import("./views/ProfileView.vue") },
      { path: "/admin", redirect: "/admin/users" },
      { path: `/admin/:section(${ADMIN_SECTIONS.join("|")})`, name: "admin", component: () => import("./views/AdminView.vue"), props: true },
      { path: "/shared/:rest(.*)*", component: signInView, beforeEnter: loadPageAnew, meta: { open: true } },
      { path: "/:rest(.*)*", name: "nowhere", component: () => import("./views/NowhereView.vue") },
    ],
  });
  router.beforeEach(async (to) => {
    await account.whenRestored();
    if (account.username === null && !to.meta.open) return { name: "sign-in", query: { to: to.fullPath } };
    if (account.username !== null && to.name === "sign-in") return whereTo(to.query.to);
    if (to.name === "start") return firstView(account);
    return true;
  });
  watch(() => account.username, (name) => {
    const now = router.currentRoute.value;
    if (name !== null && now.name === "sign-in") void router.replace(whereTo(now.query.to));
    if (name === null) void router.replace({ name: "sign-in", query: account.endedBy === "" ? {} : { to: now.fullPath } });
  });
  // A reader may sign out while the server is away: the view is there by then. If not, it is asked for again then.
  void router.isReady().then(signInView).catch(() => null);
  return router;
}

/**
 * The views of the one scan that a link shows, under the names by which views refer to each other. The page of any other
 * address is loaded anew: what belongs to a link and what belongs to a session never meet.
 */
function sharedRoutes({ taskId, token }: SharedLink): RouteRecordRaw[] {
  const scan = `/shared/:id(${taskId})/:token(${token})`;
  const meta = { open: true };
  return [
    { path: scan, name: "scan", component: () => import("./views/SharedScanView.vue"), props: scanProps, meta: { ...meta, roomy: true } },
    { path: `${scan}/report`, name: "report", component: () => import("./views/ReportView.vue"), props: scanProps, meta },
    { path: `${scan}/findings/:finding`, name: "finding", component: () => import("./views/FindingView.vue"), props: findingProps, meta },
    { path: `${scan}/third-parties/:domain`, name: "party", component: () => import("./views/PartyView.vue"), props: partyProps, meta },
    { path: `${scan}/pages/:page(\\d+)`, name: "page", component: () => import("./views/PageView.vue"), props: pageProps, meta },
    { path: "/:rest(.*)*", name: "nowhere", component: signInView, beforeEnter: loadPageAnew, meta },
  ];
}

/** Never settles: the page that waits for it is replaced. */
function loadPageAnew(): Promise<boolean> {
  location.reload();
  return new Promise(() => {});
}

/** Within one scan a tab opens where one is, and so does the log of it that is filtered or has a line shown. */
function staysInPlace(to: Pick<RouteLocation, "path" | "name" | "query">, from: Pick<RouteLocation, "path" | "query">): boolean {
  if (to.path !== from.path) return false;
  return to.query.tab !== from.query.tab || (to.name === "scan" && to.query.attempt === from.query.attempt);
}

/** Where a link led before signing in came between; addresses of this page alone. */
export function whereTo(asked: unknown): string {
  return typeof asked === "string" && asked.startsWith("/") && !asked.startsWith("//") ? asked : "/";
}

/**
 * Where one begins: a name to scan in the address of the page (`?target=`) leads to where scans are ordered; who has one
 * scan alone, and it runs, wants to see that; everybody else an overview.
 */
async function firstView({ api }: ReturnType<typeof useAccount>): Promise<string> {
  if (new URLSearchParams(location.search).has("target")) return "/scans";
  const found = await api.call("GET /api/v1/tasks", { query: { page_size: 1 } }).catch(() => null);
  const only = found?.total === 1 ? found.items[0] : undefined;
  return only === undefined || TERMINAL_STATUSES.has(only.status) ? "/overview" : `/scans/${only.id}`;
}

interface Place {
  params: Record<string, unknown>;
  query: Record<string, unknown>;
}

function findingProps(place: Place) {
  return { ...scanProps(place), findingId: String(place.params.finding) };
}

function partyProps(place: Place) {
  return { ...scanProps(place), domain: String(place.params.domain) };
}

function pageProps(place: Place) {
  return { ...scanProps(place), pageId: String(place.params.page) };
}

/** `attempt` null: the newest, live. */
function scanProps({ params, query }: Place) {
  const attempt = Number(query.attempt);
  return { taskId: String(params.id), attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : null };
}

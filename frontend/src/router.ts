/**
 * The addresses of the views. They stand behind the `#`: so the page runs under any path, and the server need not know
 * them.
 */

import { watch } from "vue";
import { createRouter, createWebHashHistory, type Router } from "vue-router";

import type { useAccount } from "./stores/account";

const TASK_ID = "[0-9a-f-]{36}";
const ADMIN_SECTIONS = "users|connections|metrics|broadcast|workers|audit|configuration";

const signInView = () => import("./views/SignInView.vue");

export function createPageRouter(account: ReturnType<typeof useAccount>): Router {
  const router = createRouter({
    history: createWebHashHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: "/", redirect: firstView },
      { path: "/overview", name: "overview", component: () => import("./views/OverviewView.vue") },
      { path: "/sign-in", name: "sign-in", component: signInView, meta: { open: true } },
      { path: "/scans", name: "scans", component: () => import("./views/ScansView.vue") },
      { path: `/scans/:id(${TASK_ID})`, name: "scan", component: () => import("./views/ScanView.vue"), props: scanProps },
      { path: `/scans/:id(${TASK_ID})/report`, name: "report", component: () => import("./views/ReportView.vue"), props: scanProps },
      { path: `/scans/:id(${TASK_ID})/findings/:finding`, name: "finding", component: () => import("./views/FindingView.vue"), props: findingProps },
      { path: "/orders", name: "orders", component: () => import("./views/OrdersView.vue") },
      { path: `/orders/:id(${TASK_ID})`, name: "order", component: () => import("./views/OrderView.vue"), props: ({ params }) => ({ orderId: String(params.id) }) },
      { path: "/review", name: "review", component: () => import("./views/ReviewView.vue") },
      { path: "/profile", name: "profile", component: () => import("./views/ProfileView.vue") },
      { path: "/admin", redirect: "/admin/users" },
      { path: `/admin/:section(${ADMIN_SECTIONS})`, name: "admin", component: () => import("./views/AdminView.vue"), props: true },
      { path: "/:rest(.*)*", name: "nowhere", component: () => import("./views/NowhereView.vue") },
    ],
  });
  router.beforeEach(async (to) => {
    await account.whenRestored();
    if (account.username === null && !to.meta.open) return { name: "sign-in", query: { to: to.fullPath } };
    if (account.username !== null && to.name === "sign-in") return whereTo(to.query.to, firstView());
    return true;
  });
  watch(() => account.username, (name) => {
    const now = router.currentRoute.value;
    if (name !== null && now.name === "sign-in") void router.replace(whereTo(now.query.to, firstView()));
    if (name === null) void router.replace({ name: "sign-in", query: account.endedBy === "" ? {} : { to: now.fullPath } });
  });
  // A reader may sign out while the server is away: the view is there by then. If not, it is asked for again then.
  void router.isReady().then(signInView).catch(() => null);
  return router;
}

/** Where a link led before signing in came between; addresses of this page alone. */
export function whereTo(asked: unknown, otherwise = "/overview"): string {
  return typeof asked === "string" && asked.startsWith("/") && !asked.startsWith("//") ? asked : otherwise;
}

/** The first view; a name to scan in the address of the page (`?target=`) leads to where scans are ordered. */
function firstView(): string {
  return new URLSearchParams(location.search).has("target") ? "/scans" : "/overview";
}

interface Place {
  params: Record<string, unknown>;
  query: Record<string, unknown>;
}

function findingProps(place: Place) {
  return { ...scanProps(place), findingId: String(place.params.finding) };
}

/** `attempt` null: the newest, live. */
function scanProps({ params, query }: Place) {
  const attempt = Number(query.attempt);
  return { taskId: String(params.id), attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : null };
}

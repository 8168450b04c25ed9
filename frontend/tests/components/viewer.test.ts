// @vitest-environment happy-dom
/** Viewers and reviewers see results, and no entrance to anything that the server would refuse. */

import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Component } from "vue";

import CreateKeyDialog from "@/components/CreateKeyDialog.vue";
import AssignmentBar from "@/components/finding/AssignmentBar.vue";
import CommentBar from "@/components/finding/CommentBar.vue";
import DecisionBar from "@/components/finding/DecisionBar.vue";
import type { Role } from "@/components/admin/userForm";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";
import NotificationsView from "@/views/NotificationsView.vue";
import OrdersView from "@/views/OrdersView.vue";
import OrderView from "@/views/OrderView.vue";
import OverviewView from "@/views/OverviewView.vue";
import ReviewView from "@/views/ReviewView.vue";
import ScansView from "@/views/ScansView.vue";
import SitesView from "@/views/SitesView.vue";
import SiteView from "@/views/SiteView.vue";

import { FakeRest } from "../support/fakeRest";
import { decision, finding } from "../support/finding";

const AT = "2026-11-27T02:00:00Z";
const TASK = {
  id: "t1", user_id: "u1", target_domain: "a.test", config: {}, status: "completed", attempt: 1, shown_attempt: 1, progress: 100, stage: null, stage_key: null,
  statistics: { total_subdomains: 0, total_pages_crawled: 0, total_third_party_domains: 0, total_violations: 0, execution_duration: 0 },
  violation_counts: {}, finding_counts: {}, open_counts: {}, log_counts: {}, warnings: 0, error: null, verdict: null, priority: 0, queue_position: null, last_seq: 1,
  created_at: AT, started_at: null, completed_at: AT,
};
const SITE = {
  id: "s1", user_id: "u", target_domain: "corp.test", group: "North", tags: [], config: {}, schedule: null, paused: false, next_run_at: null, waits_for: null, last_run: null,
  unfinished: null, overdue_after_days: null, overdue_since: null, last_scan: null, last_conclusive_at: null, finding_counts: {}, trend: [], created_at: AT, next_runs: [],
};
const ORDER = { id: "o1", user_id: "u", title: "North", targets: 0, status_counts: {}, created_at: AT, config: {}, result: "clean", result_counts: {}, finding_counts: {}, open_counts: {}, properties: [] };
const FOUND = finding({ decision: decision({ state: "confirmed" }), state: "confirmed" });
const OVERVIEW = { finding_counts: {}, sites: [], total_sites: 0, truncated: false, unfinished: [], total_unfinished: 0, trend: [], service: null };
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  document.body.innerHTML = "";
  rest = new FakeRest();
  rest.answers = {
    "GET /overview": OVERVIEW, "GET /tasks": { items: [TASK], total: 1, truncated: false }, "GET /orders": { items: [], total: 0 }, "GET /orders/o1": ORDER,
    "GET /sites": { items: [SITE], total: 1 }, "GET /sites/labels": { groups: [], tags: [] }, "GET /sites/s1": SITE, "GET /sites/s1/scans": { items: [], total: 0 },
    "GET /notifications": { items: [], last_seq: 0, unread: 0, read_revision: 0 }, "GET /rules": { items: [] }, "GET /channels": { items: [] },
    "GET /review": { items: [{ task_id: "t1", user_id: "u1", target_domain: "a.test", attempt: 1, completed_at: AT, finding: FOUND }], next_cursor: null, unreadable: [] },
  };
});

async function open(view: Component, props: Record<string, unknown>, role: Role): Promise<VueWrapper> {
  const global = rest.mounting();
  useMe().user = { id: "u1", username: "li", email: "li@corp.test", role, is_active: true, scan_priority: 0, created_at: AT, last_login_at: null };
  const opened = mount(view, { props, global, attachTo: document.body });
  await flushPromises();
  return opened;
}

const DECIDING = { finding: FOUND, isBusy: false, problem: "", isAsking: false };
test.each<[string, Component, Record<string, unknown>, string[]]>([
  ["the overview", OverviewView, {}, [".new"]],
  ["the scans", ScansView, {}, [".new", ".bulk", ".choose"]],
  ["the orders", OrdersView, {}, [".new"]],
  ["an order", OrderView, { orderId: "o1" }, ["[data-action=delete]"]],
  ["the sites", SitesView, {}, ["[data-action=import]", "[data-action=add]"]],
  ["a site", SiteView, { siteId: "s1" }, ["[data-action=run]", "[data-action=edit]", "[data-action=delete]"]],
  ["the review", ReviewView, {}, [".pick", ".buttons"]],
  ["a decision", DecisionBar, DECIDING, [".buttons"]],
  ["an assignment", AssignmentBar, { taskId: "t1", attempt: null, finding: FOUND }, [".open"]],
  ["the notifications", NotificationsView, { section: "rules" }, [".sections a:nth-child(2)"]],
])("%s: what changes something is offered to a user, and not to a viewer", async (_, view, props, entrances) => {
  const usual = await open(view, props, "user");
  for (const entrance of entrances) expect([entrance, usual.find(entrance).exists()]).toEqual([entrance, true]);
  usual.unmount();
  const reading = await open(view, props, "viewer");
  for (const entrance of entrances) expect([entrance, reading.find(entrance).exists()]).toEqual([entrance, false]);
  expect(reading.text()).not.toBe("");
});

test.each<[string, Component, Record<string, unknown>, string[]]>([
  ["the review", ReviewView, {}, [".pick", ".buttons"]],
  ["a decision", DecisionBar, DECIDING, [".buttons"]],
  ["an assignment", AssignmentBar, { taskId: "t1", attempt: null, finding: FOUND }, [".open"]],
  ["the comments", CommentBar, { taskId: "t1", attempt: null, finding: FOUND, isBusy: false, add: () => Promise.resolve(true) }, [".add"]],
])("%s: a reviewer judges findings, a viewer does not", async (_, view, props, entrances) => {
  for (const [role, isOffered] of [["reviewer", true], ["viewer", false]] as const) {
    const opened = await open(view, props, role);
    for (const entrance of entrances) expect([role, entrance, opened.find(entrance).exists()]).toEqual([role, entrance, isOffered]);
    opened.unmount();
  }
});

test.each<[string, Component, Record<string, unknown>, string[]]>([
  ["the scans", ScansView, {}, [".new", ".bulk", ".choose"]],
  ["a site", SiteView, { siteId: "s1" }, ["[data-action=run]", "[data-action=edit]", "[data-action=delete]"]],
  ["the notifications", NotificationsView, { section: "rules" }, [".sections a:nth-child(2)"]],
])("%s: a reviewer changes nothing else", async (_, view, props, entrances) => {
  const opened = await open(view, props, "reviewer");
  for (const entrance of entrances) expect([entrance, opened.find(entrance).exists()]).toEqual([entrance, false]);
});

test("what was decided about a finding is said to a viewer, too", async () => {
  const bar = await open(DecisionBar, DECIDING, "viewer");
  expect(bar.find(".said").exists()).toBe(true);
});

test("keys decide nothing for a viewer", async () => {
  await open(ReviewView, {}, "viewer");
  for (const key of ["j", "c", "x", "d", "m", "o"]) dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  await flushPromises();
  expect(rest.asked.filter(({ method }) => method !== "GET")).toEqual([]);
});

test.each<[Role, string[]]>([["viewer", ["read"]], ["reviewer", ["read", "review"]]])("a %s creates keys that do what the role may", async (role, scopes) => {
  rest.answers["GET /sites/labels"] = { groups: [{ name: "North", sites: 2 }], tags: [] };
  const dialog = await open(CreateKeyDialog, { modelValue: false }, role);
  await dialog.setProps({ modelValue: true });
  await flushPromises();
  expect([...document.querySelectorAll<HTMLInputElement>(".scope input")].map(({ value }) => value)).toEqual(scopes);
  expect(document.querySelector("#key-group")).toBeNull();
});

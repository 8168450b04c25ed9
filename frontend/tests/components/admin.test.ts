// @vitest-environment happy-dom
/** Administration and profile: what is sent, and what is said when it is refused. */

import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { AdminSection } from "@/adminSections";
import { changesOf, creationOf, formOf } from "@/components/admin/userForm";
import type { UserResponse } from "@/generated/rest";
import { useAccount } from "@/stores/account";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";
import { zoneName } from "@/texts/format";
import AdminView from "@/views/AdminView.vue";
import ProfileView from "@/views/ProfileView.vue";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";

const NUMBERS = {
  connections: 3, users: 2, event_streams: 0, subscriptions: 4, followed_tasks: 1, watched_tasks: 1, backlog_bytes: 2_048, set_aside: 1,
  sweep_lag_s: 0.1, bus_healthy: true,
};
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function user(more: Partial<UserResponse> = {}): UserResponse {
  return {
    id: "u1", username: "mei", email: "mei@corp.test", role: "user", is_active: true, scan_priority: 0, created_at: "2026-01-01T00:00:00Z",
    last_login_at: null, ...more,
  };
}

async function open(section: AdminSection, role: UserResponse["role"] = "admin"): Promise<VueWrapper> {
  const global = rest.mounting();
  useMe().user = user({ role });
  const view = mount(AdminView, { props: { section }, global, attachTo: document.body });
  await flushPromises();
  return view;
}

async function fill(id: string, value: string): Promise<void> {
  const input = document.getElementById(id) as HTMLInputElement;
  input.value = value;
  input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input"));
  await flushPromises();
}

async function submit(id: string): Promise<void> {
  document.getElementById(id)!.dispatchEvent(new Event("submit", { cancelable: true }));
  await flushPromises();
}

test("the administration leads to notifications", async () => {
  rest.answers = { "GET /admin/users": { items: [], total: 0 } };
  const view = await open("users");
  const link = view.findAll(".sections a").find((one) => one.text() === english("feed.title"));
  expect(link!.attributes("href")).toContain("/notifications/rules");
});

describe("users", () => {
  test("are listed, and what differs alone is sent", async () => {
    rest.answers = { "GET /admin/users": { items: [user(), user({ id: "u2", username: "old", is_active: false })], total: 2 }, "PATCH /admin/users/u1": user() };
    const view = await open("users");
    expect(view.findAll("tbody th").map((cell) => cell.text())).toEqual(["mei", "old disabled"]);
    await view.find("[aria-label='Edit mei']").trigger("click");
    await flushPromises();
    await fill("user-role", "admin");
    await submit("user-form");
    expect(rest.asked.find(({ method }) => method === "PATCH")!.body).toEqual({ role: "admin" });
    expect(rest.count("GET", "/admin/users")).toBe(2);
  });

  test("that the server refuses are said to be so, and the form stays", async () => {
    rest.answers = { "GET /admin/users": { items: [], total: 0 }, "POST /admin/users": problem(409, "username_taken") };
    const view = await open("users");
    await view.find(".add").trigger("click");
    await flushPromises();
    await fill("user-name", "mei");
    await submit("user-form");
    expect(document.querySelector("#user-form [role=alert]")!.textContent).toBe("username_taken");
  });

  test("of which single fields are refused are told at each field", async () => {
    const errors = [{ field: "body.username", code: "not_a_username", message: "only letters" }, { field: "body.email", code: "not_an_email", message: "an address" }];
    const refusal = Response.json({ status: 422, code: "invalid_input", title: "t", detail: "d", trace_id: "t", errors }, { status: 422 });
    rest.answers = { "GET /admin/users": { items: [], total: 0 }, "POST /admin/users": refusal };
    const view = await open("users");
    await view.find(".add").trigger("click");
    await flushPromises();
    expect(document.querySelector("#user-name-hint")!.textContent).toBe(english("users.name_hint", { characters: ". _ @ -" }));
    await submit("user-form");
    expect(["user-name-hint", "user-email-fault"].map((id) => document.getElementById(id)!.textContent)).toEqual(["only letters", "an address"]);
    expect(document.querySelector("#user-name")!.getAttribute("aria-invalid")).toBe("true");
    expect(document.querySelector("#user-form [role=alert]")).toBeNull();
  });

  test("become what the routes take", () => {
    const form = { ...formOf(null), username: " mei ", email: "mei@corp.test ", password: " with spaces " };
    expect(creationOf(form)).toEqual({ username: "mei", email: "mei@corp.test", password: " with spaces ", role: "user" });
    expect(changesOf(formOf(user()), user())).toEqual({});
    const changed = { ...formOf(user()), isActive: false, priority: 5, password: "new password" };
    expect(changesOf(changed, user())).toEqual({ is_active: false, scan_priority: 5, password: "new password" });
  });
});

test("connections are told by server and by person, under their names", async () => {
  rest.answers = {
    "GET /monitor/ws/stats": {
      ...NUMBERS, connections_by_user: { u9: 1, u1: 2 },
      other_servers: [{ ...NUMBERS, id: "s2", host: "web-2", version: "1", started_at: "2026-01-01T00:00:00Z", silent_s: 90, is_heard: false }],
    },
    "GET /admin/users": { items: [user()], total: 1 },
    "GET /admin/connections": { items: [], total: 0 },
  };
  const view = await open("connections");
  expect(view.findAll("tbody th").map((cell) => cell.text())).toEqual(["this server", "web-2 no heartbeat"]);
  expect(view.find("tbody tr").text()).toContain("2,048 bytes");
  expect(view.findAll(".person").map((person) => person.text())).toEqual(["mei 2 connections", "u9 1 connection"]);
});

test("one connection is closed after a question, wherever it is", async () => {
  const socket = { user_id: "u1", username: "mei", address: "192.0.2.7", connected_at: "2026-11-27T02:00:00Z", server: null, subscriptions: 2, backlog_bytes: 4_096 };
  const elsewhere = { ...socket, connection_id: "c2", username: null, server: "web-2", subscriptions: null, backlog_bytes: null };
  rest.answers = {
    "GET /monitor/ws/stats": { ...NUMBERS, connections_by_user: {}, other_servers: [] }, "GET /admin/users": { items: [], total: 0 },
    "GET /admin/connections": { items: [{ ...socket, connection_id: "c1" }, elsewhere], total: 2 },
    "DELETE /admin/connections/c2": new Response(null, { status: 204 }),
  };
  const view = await open("connections");
  expect(view.findAll(".socket th").map((cell) => cell.text())).toEqual(["mei", "u1"]);
  expect(view.findAll(".socket td:nth-child(5)").map((cell) => cell.text())).toEqual(["this server", "web-2"]);
  expect(view.findAll(".socket td:last-child").map((cell) => cell.text())).toEqual(["4,096", "—"]);
  expect(view.find(".socket time").attributes("title")).toBe("2026-11-27 02:00:00 UTC");
  await view.find(`[aria-label="${english("connections.close_of", { name: "u1" })}"]`).trigger("click");
  await flushPromises();
  expect(rest.count("DELETE", "/admin/connections/c2")).toBe(0);
  document.querySelector<HTMLElement>(".el-dialog .el-button--danger")!.click();
  await flushPromises();
  expect(rest.count("DELETE", "/admin/connections/c2")).toBe(1);
  expect(rest.count("GET", "/admin/connections")).toBe(2);
});

describe("the audit log", () => {
  const row = (id: number, more = {}) => ({
    id, at: "2026-11-27T02:00:00Z", action: "task.cancel", outcome: "ok", user_id: "u1", username: "mei", address: "192.0.2.7", object_id: "t1",
    detail: { code: "<b>x</b>", count: 2 }, ...more,
  });

  test("shows who did what, goes on by its cursor, and is filtered by what is typed", async () => {
    rest.answers["GET /admin/audit"] = ({ query }: Asked) =>
      query.get("cursor") === "c" ? { items: [row(1, { username: null, outcome: "denied" })], next_cursor: null } : { items: [row(2)], next_cursor: "c" };
    const view = await open("audit");
    await view.find(".more").trigger("click");
    await flushPromises();
    expect(view.findAll("tbody tr").map((line) => line.attributes("data-outcome"))).toEqual(["ok", "denied"]);
    expect(view.findAll("tbody td:nth-child(2)").map((cell) => cell.text())).toEqual(["mei", "u1"]);
    expect(view.find(".detail").text()).toBe("code: <b>x</b>, count: 2");
    expect(view.findAll("tbody th").map((cell) => [cell.text(), cell.attributes("title")])).toEqual(Array(2).fill([english("audited.task.cancel"), "task.cancel"]));
    expect(view.findAll("tbody a").map((link) => link.attributes("href"))).toEqual(["#/scans/t1"]);
    expect(view.find("thead th").text()).toBe(english("audit.at", { zone: zoneName("en") }));
    expect(view.find(".more").exists()).toBe(false);
    await fill("audit-actor", " mei ");
    await fill("audit-since", "2026-11-27T00:00");
    await view.find("form").trigger("submit");
    await flushPromises();
    const { query } = rest.asked.at(-1)!;
    expect(Object.fromEntries(query)).toEqual({ actor: "mei", since: new Date("2026-11-27T00:00").toISOString(), limit: "50" });
  });

  test("that has nothing for a filter says so, and one that fails can be asked again", async () => {
    rest.answers["GET /admin/audit"] = { items: [], next_cursor: null };
    expect((await open("audit")).find(".state").text()).toBe(english("audit.none"));
    rest.answers["GET /admin/audit"] = problem(503, "unavailable");
    expect((await open("audit")).find("[data-state=failed]").text()).toContain(english("audit.failed"));
  });

  test("is saved as a file with the same filters", async () => {
    rest.answers["GET /admin/audit"] = ({ query }: Asked) => (query.has("format") ? new Response("x") : { items: [], next_cursor: null });
    const saved: string[] = [];
    document.addEventListener("click", (event) => {
      const { download } = event.target as HTMLAnchorElement;
      if (!download) return;
      saved.push(download);
      event.preventDefault(); // this document would go there
    });
    const view = await open("audit");
    await fill("audit-action", "auth.login");
    await view.find("[data-format=csv]").trigger("click");
    await flushPromises();
    expect(saved).toEqual(["audit.csv"]);
    expect(Object.fromEntries(rest.asked.at(-1)!.query)).toEqual({ action: "auth.login", format: "csv" });
    expect(view.find("[role=alert]").exists()).toBe(false);
  });
});

test("a broadcast has a level and an expiry, and says to how many it went", async () => {
  rest.answers["POST /monitor/ws/broadcast"] = { broadcast_id: "b1", delivered: 3 };
  const view = await open("broadcast");
  expect(view.find("button[type=submit]").attributes("disabled")).toBeDefined();
  await fill("broadcast-message", "  Maintenance at 22:00 ");
  await fill("broadcast-level", "warning");
  await fill("broadcast-expiry", "day");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(rest.asked.at(-1)!.body).toEqual({ message: "Maintenance at 22:00", level: "warning", expires_in_s: 86_400 });
  expect(view.find(".said").text()).toBe(english("broadcast.delivered", { count: 3 }));
  rest.answers["POST /monitor/ws/broadcast"] = problem(429, "rate_limited");
  await fill("broadcast-message", "again");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(view.find("[role=alert]").text()).toBe("rate_limited");
  expect((document.getElementById("broadcast-message") as HTMLTextAreaElement).value).toBe("again");
});

test("workers say whether they are heard and what they scan, and none is said to be a problem", async () => {
  const worker = { host: "scanner-1", version: "1", queues: ["scan"], concurrency: 2, started_at: "2026-01-01T00:00:00Z", last_heartbeat_at: "2026-01-01T00:00:00Z", silent_s: 1 };
  const runs = [{ task_id: "t1", attempt: 1, target_domain: "corp.test", status: "running" }];
  rest.answers["GET /admin/workers"] = { items: [{ ...worker, id: "w1", state: "alive", runs }, { ...worker, id: "w2", state: "silent", runs: [] }], total: 2 };
  const view = await open("workers");
  expect(view.findAll(".worker").map((one) => one.attributes("data-state"))).toEqual(["alive", "silent"]);
  expect(view.find(".worker a").attributes("href")).toBe("#/scans/t1");
  rest.answers["GET /admin/workers"] = { items: [], total: 0 };
  expect((await open("workers")).find(".state").text()).toBe(english("workers.none"));
});

test("nobody but administrators sees the administration, and it asks nothing for others", async () => {
  const view = await open("users", "user");
  expect(view.find("[data-state=forbidden]").text()).toContain("Only administrators can do this.");
  expect(rest.asked).toEqual([]);
  rest.answers["GET /admin/users"] = problem(503, "unavailable");
  expect((await open("users")).find("[data-state=failed]").text()).toContain(english("users.failed"));
  rest.answers["GET /admin/users"] = () => new Promise(() => {});
  expect((await open("users")).find("[data-state=loading]").exists()).toBe(true);
});

describe("the profile", () => {
  const session = (session_id: string, is_current: boolean, agent: string | null = "A browser") => ({
    session_id, created_at: "2026-11-27T01:00:00Z", last_used_at: "2026-11-27T02:00:00Z", expires_at: "2026-12-04T02:00:00Z",
    address: "192.0.2.7", agent, is_current,
  });

  async function profile() {
    const global = rest.mounting();
    rest.answers["GET /auth/sessions"] ??= { items: [session("s1", true)] };
    useMe().user = user();
    const view = mount(ProfileView, { global, attachTo: document.body });
    await flushPromises();
    return view;
  }

  test("changes the password when it was typed twice alike, and ends the session then", async () => {
    rest.answers["POST /auth/password"] = new Response("{}");
    const view = await profile();
    await fill("current", "old password");
    await fill("next", "new password");
    await fill("again", "other");
    expect(view.find("[role=alert]").text()).toBe(english("profile.unlike"));
    expect(view.find("button[type=submit]").attributes("disabled")).toBeDefined();
    await fill("again", "new password");
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(rest.asked.at(-1)!.body).toEqual({ current_password: "old password", new_password: "new password" });
    expect(useAccount().api.session.current).toBeNull();
    expect(useAccount().endedBy).toBe("password_changed");
  });

  test("says when the password until now was wrong, and keeps the session", async () => {
    rest.answers["POST /auth/password"] = problem(403, "wrong_password");
    const view = await profile();
    for (const id of ["current", "next", "again"]) await fill(id, "new password");
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(view.find("[role=alert]").text()).toBe("wrong_password");
    expect(useAccount().api.session.current).not.toBeNull();
  });

  test("lists the sessions, and ends one or all others, but not this one", async () => {
    rest.answers = {
      "GET /auth/sessions": { items: [session("s1", true), session("s2", false, null), session("s3", false, "<b>phone</b>")] },
      "DELETE /auth/sessions/s2": new Response(null, { status: 204 }), "DELETE /auth/sessions": { ended: 2 },
    };
    const view = await profile();
    expect(view.findAll(".agent").map((one) => one.text())).toEqual(["A browser this session", "Unknown program", "<b>phone</b>"]);
    expect(view.findAll(".session button")).toHaveLength(2);
    await view.find(".session button").trigger("click");
    await flushPromises();
    expect(rest.count("DELETE", "/auth/sessions/s2")).toBe(1);
    await view.find(".others").trigger("click");
    await flushPromises();
    expect(rest.count("DELETE", "/auth/sessions")).toBe(1);
    expect(rest.count("GET", "/auth/sessions")).toBe(3);
  });

  test("changes the language of every word", async () => {
    const view = await profile();
    await view.find("input[value='zh-CN']").trigger("change");
    await flushPromises();
    expect(view.text()).toContain("个人资料");
    expect(view.text()).not.toMatch(/Password|Session|Role/);
  });
});

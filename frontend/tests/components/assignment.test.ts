// @vitest-environment happy-dom
/** Who takes care of a finding: what is said of it, who can be asked, and the review by assignee and due date. */

import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import AssignmentBar from "@/components/finding/AssignmentBar.vue";
import { MOST_PEOPLE, isDue, isOverdue } from "@/composables/useAssignments";
import type { AssignmentInfo } from "@/generated/rest";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";
import ReviewView from "@/views/ReviewView.vue";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { assignment, finding } from "../support/finding";

const FINDING = "gambling.casino.test";
const ROUTE = `/tasks/t1/findings/${FINDING}/assignment`;
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  location.hash = "";
  rest = new FakeRest();
});

function user(id: string, username: string, role: "admin" | "user" = "user", isActive = true) {
  return { id, username, email: `${username}@example.com`, role, is_active: isActive, scan_priority: 0, created_at: "2026-11-27T02:00:00Z", last_login_at: null };
}

async function signInAs(one: ReturnType<typeof user>) {
  const mounting = rest.mounting();
  useMe().user = one;
  await flushPromises();
  return mounting;
}

async function open(given: AssignmentInfo | null, me = user("u1", "mei")) {
  const view = mount(AssignmentBar, { global: await signInAs(me), props: { taskId: "t1", attempt: null, finding: finding({ assignment: given }) } });
  return view;
}

async function edit(view: VueWrapper) {
  await view.find(".open").trigger("click");
  await flushPromises();
}

const sent = () => rest.asked.filter(({ method }) => method === "PUT").map(({ path, body }) => [path, body]);
const options = (view: VueWrapper) => view.findAll("form option").map((option) => option.text());

test("a finding that nobody takes care of says so, and the reader can take it", async () => {
  rest.answers[`PUT ${ROUTE}`] = assignment({ due_on: "2199-12-15" });
  const view = await open(null);
  expect(view.text()).toContain(english("assignment.none"));
  await edit(view);
  expect(options(view)).toEqual([english("assignment.nobody"), "mei"]);
  expect(rest.asked).toEqual([]); // ordinary users learn no names
  expect(view.text()).not.toContain(english("assignment.who"));
  await view.find("select").setValue("u1");
  await view.find("input[type=date]").setValue("2199-12-15");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(sent()).toEqual([[ROUTE, { assignee_id: "u1", due_on: "2199-12-15", version: 0 }]]);
  expect(view.emitted("assigned")).toEqual([[assignment({ due_on: "2199-12-15" })]]);
  expect(view.find("form").exists()).toBe(false);
});

test("what is said is shown, a due date that has passed as overdue, and can be changed or removed", async () => {
  rest.answers[`PUT ${ROUTE}`] = assignment({ assignee: null, version: 4 });
  const view = await open(assignment({ due_on: "2026-01-02", version: 3 }));
  expect(view.find("[data-assignee]").text()).toBe(english("assignment.to", { name: "mei" }));
  expect(view.find("[data-due]").text()).toBe(english("assignment.overdue", { date: "Jan 2, 2026" }));
  await edit(view);
  expect([view.find("select").element.value, ...view.findAll("input").map(({ element }) => element.value)]).toEqual(["u1", "2026-01-02"]);
  await view.find("select").setValue("");
  for (const input of view.findAll("input")) await input.setValue("");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(sent()).toEqual([[ROUTE, { assignee_id: null, due_on: null, version: 3 }]]);
});

/** The server's users: `q` is a part of the name. */
function hasAdmins(...admins: ReturnType<typeof user>[]): void {
  rest.answers = {
    "GET /tasks/t1": { user_id: "u1" }, "GET /admin/users/u1": user("u1", "mei"),
    "GET /admin/users": ({ query }: Asked) => {
      const found = admins.filter(({ username }) => username.includes(query.get("q") ?? ""));
      return { items: found.slice(0, MOST_PEOPLE), total: found.length };
    },
  };
}

test("administrators choose among active administrators and the owner of the scan; who has it stays in the list", async () => {
  hasAdmins(user("a1", "admin", "admin"));
  const view = await open(assignment({ assignee: { user_id: "a9", username: "boss" } }), user("a1", "admin", "admin"));
  await edit(view);
  expect(options(view)).toEqual([english("assignment.nobody"), "boss", "mei", "admin"]);
  expect(view.find("select").element.value).toBe("a9");
  expect(rest.asked.find(({ path }) => path === "/admin/users")!.query.toString()).toBe("is_assignable=true&page_size=50");
  expect(view.find("[name=look-for]").exists()).toBe(false);
});

test("where there are more than a list can show, the server looks for a part of the name, and who is chosen stays", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  hasAdmins(...Array.from({ length: 210 }, (_, number) => user(`a${number}`, `admin${number}`, "admin")));
  rest.answers[`PUT ${ROUTE}`] = assignment();
  const view = await open(null, user("a1", "admin1", "admin"));
  await edit(view);
  expect(options(view)).toHaveLength(52); // nobody, the owner, and the first of the others
  await view.find("select").setValue("a3");
  for (const typed of ["admin2", "admin20"]) await view.find("[name=look-for]").setValue(typed);
  await vi.advanceTimersByTimeAsync(1_000);
  await flushPromises();
  vi.useRealTimers();
  expect(rest.asked.filter(({ path }) => path === "/admin/users").map(({ query }) => query.get("q"))).toEqual([null, "admin20"]);
  expect(options(view)).toEqual([english("assignment.nobody"), "admin3", "admin20", ...Array.from({ length: 10 }, (_, number) => `admin20${number}`)]);
  await view.find("select").setValue("a209");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(sent()).toEqual([[ROUTE, { assignee_id: "a209", due_on: null, version: 0 }]]);
});

test("a change of somebody else is not overwritten, and the form stays", async () => {
  rest.answers[`PUT ${ROUTE}`] = problem(409, "assignment_changed");
  const view = await open(null);
  await edit(view);
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(view.find("[role=alert]").text()).toBe(english("error.assignment_changed"));
  expect(view.find("form").exists()).toBe(true);
  expect(view.emitted("failed")).toHaveLength(1);
});

test("a finding that is read anew below an open form does not let it overwrite what nobody has seen", async () => {
  rest.answers[`PUT ${ROUTE}`] = problem(409, "assignment_changed");
  const view = await open(assignment({ version: 1 }));
  await edit(view);
  await view.setProps({ finding: finding({ assignment: assignment({ due_on: "2199-12-31", version: 2 }) }) });
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(sent()).toEqual([[ROUTE, expect.objectContaining({ version: 1 })]]);
});

test("a due date has passed when its day in UTC has", () => {
  const now = new Date("2026-12-15T23:59:59Z");
  expect(["2026-12-14", "2026-12-15", "2026-12-16"].map((day) => isOverdue(day, now))).toEqual([true, false, false]);
});

test("a finding is due within a week up to its last day", () => {
  const now = new Date("2026-12-15T23:59:59Z");
  const days = [null, "2026-12-14", "2026-12-15", "2026-12-22", "2026-12-23"];
  expect(days.map((day) => isDue(day, "overdue", now))).toEqual([false, true, false, false, false]);
  expect(days.map((day) => isDue(day, "week", now))).toEqual([false, false, true, true, false]);
});

/** The queue at an address, with one finding that is assigned to the reader and overdue. */
async function openQueue(address: string) {
  location.hash = `#/review${address}`;
  const item = { task_id: "t1", user_id: "u1", target_domain: "a.test", attempt: 2, completed_at: "2026-11-27T02:00:00Z", finding: finding({ assignment: assignment({ due_on: "2026-01-02" }) }) };
  rest.answers["GET /review"] = { items: [item], next_cursor: null, unreadable: [] };
  const view = mount(ReviewView, { global: await signInAs(user("u1", "mei")), attachTo: document.body });
  await flushPromises();
  await view.find(".line").trigger("click");
  await edit(view.findComponent(AssignmentBar));
  await view.find(".assignment form").trigger("submit");
  await flushPromises();
  return view.findAll(".line").length;
}

test.each([
  ["?assignee=me", assignment({ assignee: null, version: 2 }), 0],
  ["?assignee=me", assignment({ assignee: { user_id: "u2", username: "li" }, version: 2 }), 0],
  ["?assignee=me", assignment({ version: 2 }), 1],
  ["?due=overdue", assignment({ due_on: "2199-12-15", version: 2 }), 0],
  ["?due=overdue", assignment({ due_on: "2026-01-03", version: 2 }), 1],
  ["?due=overdue", assignment({ due_on: null, version: 2 }), 0],
  ["", assignment({ assignee: null, version: 2 }), 1],
])("what is given to somebody else, or due another day, leaves the list of %s", async (address, said, left) => {
  rest.answers[`PUT ${ROUTE}`] = said;
  expect(await openQueue(address)).toBe(left);
});

test("the review is asked for by assignee, due date and order, and what is assigned leaves the list of nobody's", async () => {
  const item = { task_id: "t1", user_id: "u1", target_domain: "a.test", attempt: 2, completed_at: "2026-11-27T02:00:00Z", finding: finding() };
  rest.answers = { "GET /review": { items: [item], next_cursor: null, unreadable: [] }, [`PUT ${ROUTE}`]: assignment() };
  const view = mount(ReviewView, { global: await signInAs(user("u1", "mei")), attachTo: document.body });
  await flushPromises();
  for (const [name, value] of [["due", "week"], ["sort", "due"], ["assignee", "none"]] as const) {
    await view.find(`select[name=${name}]`).setValue(value);
    await flushPromises();
  }
  const asked = rest.asked.filter(({ path }) => path === "/review").map(({ query }: Asked) => ["assignee", "due", "sort"].map((name) => query.get(name)));
  expect(asked).toEqual([[null, null, null], [null, "week", null], [null, "week", "due"], ["none", "week", "due"]]);
  await view.find(".line").trigger("click");
  await edit(view.findComponent(AssignmentBar));
  await view.find(".assignment select").setValue("u1");
  await view.find(".assignment form").trigger("submit");
  await flushPromises();
  expect(view.findAll(".line")).toHaveLength(0);
});

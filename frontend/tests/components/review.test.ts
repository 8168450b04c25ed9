// @vitest-environment happy-dom
/** The queue of what a person should look at, and what is decided there, through the keyboard. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Router } from "vue-router";

import type { AssignmentRequest, DecisionInfo } from "@/generated/rest";
import ReviewView from "@/views/ReviewView.vue";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { assignment, decision, finding } from "../support/finding";

let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  location.hash = "";
  rest = new FakeRest();
});

function item(name: string, of: DecisionInfo | null = null) {
  const found = finding({ finding_id: `gambling.${name}`, domain: name, decision: of, state: of?.holds ? of.state : "open" });
  return { task_id: "t1", user_id: "u1", target_domain: "a.test", attempt: 2, completed_at: "2026-11-27T02:00:00Z", finding: found };
}

function page(names: string[], next: string | null = null, unreadable: string[] = []) {
  return { items: names.map((name) => item(name)), next_cursor: next, unreadable };
}

/** The server's side of decisions: it counts versions, and refuses an older one. */
function decidesOn(name: string, version = 0): void {
  rest.answers[`PUT /tasks/t1/findings/gambling.${name}/decision`] = ({ body }: Asked) => {
    const asked = body as { state: DecisionInfo["state"]; reason: string | null; version: number };
    if (asked.version !== version) return problem(409, "decision_changed");
    version += 1;
    return decision({ state: asked.state, reason: asked.reason, version });
  };
}

/** The server's side of assignments: as of decisions. */
function assignsOn(name: string, version = 0): void {
  rest.answers[`PUT /tasks/t1/findings/gambling.${name}/assignment`] = ({ body }: Asked) => {
    const { assignee_id: who, due_on = null, version: seen } = body as AssignmentRequest;
    if (seen !== version) return problem(409, "assignment_changed");
    version += 1;
    return assignment({ assignee: who ? { user_id: who, username: who } : null, due_on, version });
  };
}

function user(id: string, role: "admin" | "user") {
  return { id, username: id, email: `${id}@example.com`, role, is_active: true, scan_priority: 0, created_at: "2026-11-27T02:00:00Z", last_login_at: null };
}

async function open(query: Record<string, string> = {}) {
  const global = rest.mounting();
  await (global.plugins[1] as Router).push({ name: "review", query });
  const view = mount(ReviewView, { global, attachTo: document.body });
  await flushPromises();
  return { view, names: () => view.findAll(".line .domain").map((domain) => domain.text()) };
}

function press(key: string, more: KeyboardEventInit = {}) {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  return flushPromises();
}

function sent() {
  return rest.asked.filter(({ method }) => method === "PUT").map(({ path, body }) => [path.split("/")[4], body]);
}

test("one request lists what is open, and says which scans could not be read", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"], null, ["t9"]);
  const { view, names } = await open();
  expect(names()).toEqual(["x.test", "y.test"]);
  expect(rest.asked.map(({ path, query }) => [path, query.get("decision")])).toEqual([["/review", "open"]]);
  expect(view.text()).toContain(english("review.unreadable", { count: 1 }));
});

test("single keys do nothing when they are switched off where they are listed, and do again when they are switched on", async () => {
  rest.answers = { "GET /review": page(["x.test", "y.test"]) };
  const { view } = await open();
  const toggle = view.find<HTMLInputElement>(".keys input");
  expect(toggle.element.checked).toBe(true);
  await press("j");
  await toggle.setValue(false);
  document.activeElement instanceof HTMLElement && document.activeElement.blur();
  for (const key of ["j", "x", "c"]) await press(key);
  expect(view.findAll("[data-chosen] .line .domain").map((domain) => domain.text())).toEqual(["x.test"]);
  expect([sent(), view.findAll("kbd").length, view.find("[aria-keyshortcuts]").exists()]).toEqual([[], 0, false]);
  await press("Enter"); // no character: it goes on
  expect(view.find(".detail").exists()).toBe(true);
  await press("Escape");
  view.unmount();
  const again = (await open()).view;
  expect(again.find<HTMLInputElement>(".keys input").element.checked).toBe(false);
  await again.find(".keys input").setValue(true);
  document.activeElement instanceof HTMLElement && document.activeElement.blur();
  await press("j");
  expect(again.findAll("[data-chosen]")).toHaveLength(1);
  expect(again.findAll("kbd").length).toBeGreaterThan(5);
});

test("j and k choose, Enter opens all evidence below, Escape closes it; typed letters are left alone", async () => {
  rest.answers = { "GET /review": page(["x.test", "y.test"]), "GET /tasks/t1/findings/gambling.y.test": finding({ domain: "y.test" }) };
  const { view } = await open();
  const chosen = () => view.findAll("[data-chosen] .line .domain").map((domain) => domain.text());
  await press("j");
  await press("j");
  await press("j");
  expect(chosen()).toEqual(["y.test"]);
  await press("k");
  await press("k");
  expect(chosen()).toEqual(["x.test"]);
  await press("j", { ctrlKey: true });
  expect(chosen()).toEqual(["x.test"]);
  await press("j");
  document.activeElement instanceof HTMLElement && document.activeElement.blur();
  await press("Enter");
  expect(view.find(".detail .head .domain").text()).toBe("y.test");
  expect(view.findAll("h1")).toHaveLength(1);
  expect(view.find(".detail a").attributes("href")).toBe("#/scans/t1/findings/gambling.y.test");
  await press("Escape");
  expect(view.find(".detail").exists()).toBe(false);
  const input = document.body.appendChild(document.createElement("input"));
  input.focus();
  await press("k");
  await press("c");
  expect([chosen(), sent()]).toEqual([["y.test"], []]);
  input.remove();
});

test("c confirms what is chosen, which leaves the queue; u brings it back to its place", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test", "z.test"]);
  decidesOn("y.test");
  const { view, names } = await open();
  await press("c"); // nothing is chosen yet
  expect(sent()).toEqual([]);
  await press("j");
  await press("j");
  await press("c");
  expect(names()).toEqual(["x.test", "z.test"]);
  expect(view.find(".done").text()).toContain("y.test: Confirmed.");
  await press("u");
  expect(names()).toEqual(["x.test", "y.test", "z.test"]);
  expect(view.find(".done").exists()).toBe(false);
  expect(sent()).toEqual([
    ["gambling.y.test", { state: "confirmed", reason: null, version: 0 }], ["gambling.y.test", { state: "open", reason: null, version: 1 }],
  ]);
});

test("d asks why, and dismisses with the reason alone; Escape leaves it", async () => {
  rest.answers["GET /review"] = page(["x.test"]);
  decidesOn("x.test");
  const { view, names } = await open();
  await press("j");
  await press("d");
  expect(document.activeElement?.tagName).toBe("INPUT");
  await press("Escape");
  expect(view.find("form").exists()).toBe(false);
  await press("d");
  await view.find("form").trigger("submit");
  expect(sent()).toEqual([]);
  await view.find("form input").setValue("  our own partner ");
  await view.find("form").trigger("submit");
  await flushPromises();
  expect(sent()).toEqual([["gambling.x.test", { state: "dismissed", reason: "our own partner", version: 0 }]]);
  expect(names()).toEqual([]);
  expect(view.find(".done").text()).toContain("x.test: Dismissed.");
});

test("what somebody else has decided meanwhile is not overwritten, and the queue can be loaded again", async () => {
  rest.answers["GET /review"] = page(["x.test"]);
  decidesOn("x.test", 1);
  const { view, names } = await open();
  await press("j");
  await press("m");
  expect(view.find("[role=alert]").text()).toBe(english("error.decision_changed"));
  expect(names()).toEqual(["x.test"]);
  rest.answers["GET /review"] = page([]);
  await view.findAll("button").find((button) => button.text() === "Reload the queue")!.trigger("click");
  await flushPromises();
  expect(names()).toEqual([]);
});

test("the filter shows what was decided, with who, when and why, and o opens it again", async () => {
  const dismissed = decision({ state: "dismissed", reason: "ours <b>", version: 3 });
  rest.answers["GET /review"] = ({ query }: Asked) =>
    query.get("decision") === "dismissed" ? { items: [item("x.test", dismissed)], next_cursor: null, unreadable: [] } : page([]);
  decidesOn("x.test", 3);
  const { view, names } = await open();
  await view.find("select").setValue("dismissed");
  await flushPromises();
  await press("j");
  expect(view.find(".decision").text()).toContain("Dismissed by mei");
  expect(view.find(".decision .reason").text()).toBe("ours <b>");
  await press("o");
  expect(sent()).toEqual([["gambling.x.test", { state: "open", reason: null, version: 3 }]]);
  expect(names()).toEqual([]);
});

test("u takes back nothing of the list before, and o opens the chosen line of this one", async () => {
  const dismissed = decision({ state: "dismissed", reason: "ours", version: 3 });
  rest.answers["GET /review"] = ({ query }: Asked) =>
    query.get("decision") === "dismissed" ? { items: [item("y.test", dismissed)], next_cursor: null, unreadable: [] } : page(["x.test"]);
  decidesOn("x.test");
  decidesOn("y.test", 3);
  const { view } = await open();
  await press("j");
  await press("c");
  await view.find("select").setValue("dismissed");
  await flushPromises();
  expect(view.find(".done").exists()).toBe(false);
  await press("j");
  await press("u");
  expect(sent()).toHaveLength(1);
  await press("o");
  expect(sent().slice(1)).toEqual([["gambling.y.test", { state: "open", reason: null, version: 3 }]]);
});

test("what is answered after the filter has changed, or before the queue is loaded again, is not taken back", async () => {
  rest.answers["GET /review"] = ({ query }: Asked) => page(query.get("decision") === "open" ? ["x.test", "y.test"] : []);
  let answer = (_: DecisionInfo) => {};
  rest.answers["PUT /tasks/t1/findings/gambling.x.test/decision"] = () => new Promise<DecisionInfo>((resolve) => (answer = resolve));
  rest.answers["PUT /tasks/t1/findings/gambling.y.test/decision"] = problem(409, "decision_changed");
  const { view } = await open();
  await view.find("[data-decide=confirmed]").trigger("click");
  await flushPromises();
  await view.find("select").setValue("dismissed");
  await flushPromises();
  answer(decision());
  await flushPromises();
  await press("u");
  expect(sent()).toHaveLength(1);
  await view.find("select").setValue("open");
  await flushPromises();
  decidesOn("x.test");
  await view.find("[data-decide=confirmed]").trigger("click");
  await flushPromises();
  await press("j");
  await press("c");
  await view.findAll("button").find((button) => button.text() === "Reload the queue")!.trigger("click");
  await flushPromises();
  await press("u");
  expect(sent().map(([name]) => name)).toEqual(["gambling.x.test", "gambling.x.test", "gambling.y.test"]);
});

test("an undo that fails is told where nothing is left in the list, and can be tried again", async () => {
  rest.answers["GET /review"] = page(["x.test"]);
  decidesOn("x.test");
  const { view, names } = await open();
  await press("j");
  await press("c");
  const works = rest.answers["PUT /tasks/t1/findings/gambling.x.test/decision"];
  rest.answers["PUT /tasks/t1/findings/gambling.x.test/decision"] = problem(503, "unavailable");
  await press("u");
  expect([names(), view.find(".triage [role=alert]").text()]).toEqual([[], expect.stringContaining(english("error.unavailable"))]);
  expect(view.find(".triage .all").exists()).toBe(false); // there is nothing to choose
  rest.answers["PUT /tasks/t1/findings/gambling.x.test/decision"] = works;
  await press("u");
  expect([names(), view.find("[role=alert]").exists()]).toEqual([["x.test"], false]);
});

test("a failure stands at the finding that it is about, else above the list", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"]);
  rest.answers["PUT /tasks/t1/findings/gambling.y.test/decision"] = problem(409, "decision_changed");
  const { view } = await open();
  const told = () => [".triage", ".decision"].map((place) => view.find(`${place} [role=alert]`).exists());
  await press("j");
  await view.find("[data-decide=confirmed]").trigger("click"); // of y.test: the chosen line has a bar instead
  await flushPromises();
  expect([view.find("[data-chosen] .domain").text(), told()]).toEqual(["x.test", [true, false]]);
  await press("j");
  expect([view.find("[data-chosen] .domain").text(), told()]).toEqual(["y.test", [false, true]]);
});

test("what was decided on less than was found since is open, and says so", async () => {
  rest.answers["GET /review"] = { items: [item("x.test", decision({ holds: false }))], next_cursor: null, unreadable: [] };
  const { view } = await open();
  await press("j");
  expect(view.find(".decision").attributes("data-decision")).toBe("open");
  expect(view.find(".decision").text()).toContain(english("decision.lapsed"));
});

test("more comes when it is asked for, over pages that are empty", async () => {
  rest.answers["GET /review"] = ({ query }: Asked) => ({ "": page(["x.test"], "b"), b: page([], "c"), c: page(["y.test"]) })[query.get("cursor") ?? ""];
  const { view, names } = await open();
  expect(view.find(".count").text()).toBe("1+");
  await view.find(".older").trigger("click");
  await flushPromises();
  expect(names()).toEqual(["x.test", "y.test"]);
  expect(view.find(".older").exists()).toBe(false);
});

test("an empty queue and one that fails are told apart", async () => {
  rest.answers["GET /review"] = page([]);
  expect((await open()).view.find(".state").text()).toBe(english("review.empty_title") + english("review.empty_more") + english("review.empty_open"));
  rest.answers["GET /review"] = problem(503, "unavailable");
  expect((await open()).view.find("[data-state=failed]").text()).toContain(english("review.failed"));
});

test("keys decide nothing while a dialog lies over the queue, wherever the focus is", async () => {
  rest.answers["GET /review"] = page(["x.test"]);
  decidesOn("x.test");
  await open();
  await press("j");
  const dialog = document.body.appendChild(document.createElement("dialog"));
  dialog.setAttribute("open", "");
  (document.activeElement as HTMLElement | null)?.blur(); // a click on its text leaves the focus with the page
  await press("c");
  expect(sent()).toEqual([]);
  dialog.remove();
  await press("c");
  expect(sent()).toHaveLength(1);
});

test("the address is the state: it is opened with its filters, and the way back leads through them", async () => {
  rest.answers["GET /review"] = page(["x.test"]);
  const { view } = await open({ decision: "confirmed", due: "week", sort: "due", assignee: "nonsense" });
  const asked = () => rest.asked.filter(({ path }) => path === "/review").map(({ query }) => query.toString());
  const shown = () => view.findAll<HTMLSelectElement>(".filters select").map(({ element }) => element.value);
  expect([asked(), shown()]).toEqual([["decision=confirmed&due=week&sort=due&limit=50"], ["confirmed", "", "week", "due"]]);
  await view.find("select[name=decision]").setValue("open");
  await flushPromises();
  await view.find("select[name=due]").setValue("");
  await flushPromises();
  expect(location.hash).toBe("#/review?sort=due");
  history.back();
  await vi.waitFor(() => expect(location.hash).toBe("#/review?due=week&sort=due"));
  await flushPromises();
  expect(shown()).toEqual(["open", "", "week", "due"]);
  expect(asked().at(-1)).toBe("decision=open&due=week&sort=due&limit=50");
});

test("buttons decide in each line, a dismissal asks why below it", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"]);
  decidesOn("x.test");
  decidesOn("y.test");
  const { view, names } = await open();
  await view.find("[data-decide=confirmed]").trigger("click");
  await flushPromises();
  expect([names(), view.find(".done").text()]).toEqual([["y.test"], expect.stringContaining("x.test: Confirmed.")]);
  await view.find("[data-decide=dismissed]").trigger("click");
  await flushPromises();
  await view.find(".decision form input").setValue("ours");
  await view.find(".decision form").trigger("submit");
  await flushPromises();
  expect(sent().at(-1)).toEqual(["gambling.y.test", { state: "dismissed", reason: "ours", version: 0 }]);
});

test("many are decided at once, and taken back to their places", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test", "z.test"]);
  for (const name of ["x.test", "y.test", "z.test"]) decidesOn(name);
  const { view, names } = await open();
  await press("j");
  await press("x");
  await view.findAll(".pick").at(-1)!.setValue(true);
  await press("c");
  expect([names(), sent().map(([name]) => name)]).toEqual([["y.test"], ["gambling.x.test", "gambling.z.test"]]);
  expect(view.find(".done").text()).toContain(english("triage.decided", { count: 2, state: english("decision.confirmed") }));
  await view.find(".done .undo").trigger("click");
  await flushPromises();
  expect(names()).toEqual(["x.test", "y.test", "z.test"]);
});

test("the chosen line stays chosen when another one is decided by its buttons", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test", "z.test"]);
  decidesOn("x.test");
  decidesOn("y.test");
  const { view, names } = await open();
  await press("j");
  await press("j");
  await view.find("[data-decide=confirmed]").trigger("click");
  await flushPromises();
  expect([names(), view.find("[data-chosen] .domain").text()]).toEqual([["y.test", "z.test"], "y.test"]);
  await press("c");
  expect([names(), sent().map(([name]) => name)]).toEqual([["z.test"], ["gambling.x.test", "gambling.y.test"]]);
});

test.each([["u1", "t1"], ["u2", null]])("a assigns all that are picked, also of scans of several owners, and they leave the queue of nobody's (%s)", async (owner, asked) => {
  rest.answers["GET /review"] = { ...page(["x.test", "y.test"]), items: [item("x.test"), { ...item("y.test"), task_id: "t2", user_id: owner }] };
  Object.assign(rest.answers, { "GET /tasks/t1": { user_id: "u1" }, "GET /admin/users/u1": user("u1", "user"), "GET /admin/users": { items: [user("a1", "admin")], total: 1 } });
  const given = assignment({ assignee: { user_id: "a1", username: "a1" } });
  for (const place of ["t1/findings/gambling.x.test", "t2/findings/gambling.y.test"]) rest.answers[`PUT /tasks/${place}/assignment`] = given;
  const { view, names } = await open({ assignee: "none" });
  useMe().user = user("a1", "admin");
  for (const key of ["j", "x", "j", "x", "a"]) await press(key);
  expect(rest.asked.some(({ path }) => path === "/tasks/t1")).toBe(asked !== null);
  expect(view.findAll(".triage form option")).toHaveLength(asked === null ? 2 : 3);
  await view.find(".triage form select").setValue("a1");
  await view.find(".triage form").trigger("submit");
  await flushPromises();
  const said = { assignee_id: "a1", due_on: null, version: 0 };
  expect([names(), sent()]).toEqual([[], [["gambling.x.test", said], ["gambling.y.test", said]]]);
  await view.find(".done .undo").trigger("click");
  await flushPromises();
  expect(sent().slice(2).map(([, body]) => body)).toEqual([1, 1].map((version) => ({ ...said, assignee_id: null, version })));
});

/** Of the form above the list: who takes care of what is picked. */
async function assignTo(view: Awaited<ReturnType<typeof open>>["view"], assignee: string) {
  await view.find(".triage form select").setValue(assignee);
  await view.find(".triage form").trigger("submit");
  await flushPromises();
  (document.activeElement as HTMLElement).blur();
}

test("a picks the chosen line for its form alone: the next key is about the line that is chosen then", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"]);
  decidesOn("x.test");
  decidesOn("y.test");
  const { names } = await open();
  for (const key of ["j", "a", "Escape"]) await press(key);
  (document.activeElement as HTMLElement).blur();
  for (const key of ["j", "c"]) await press(key);
  expect([names(), sent().map(([name]) => name)]).toEqual([["x.test"], ["gambling.y.test"]]);
});

test("none can join what is assigned while the form is open: neither by key or mouse, nor what comes into sight then", async () => {
  rest.answers["GET /review"] = ({ query }: Asked) => (query.has("cursor") ? page(["z.test"]) : page(["x.test", "y.test"], "b"));
  for (const name of ["x.test", "y.test", "z.test"]) assignsOn(name);
  const { view } = await open();
  useMe().user = user("u1", "user");
  await view.find(".older").trigger("click");
  await flushPromises();
  await view.findAll(".pick")[2]!.setValue(true);
  setLanguage("zh-CN"); // the list is read anew
  await flushPromises();
  for (const key of ["j", "x", "a"]) await press(key);
  await view.find(".older").trigger("click");
  await flushPromises();
  (document.activeElement as HTMLElement).blur();
  for (const key of ["j", "x", "d"]) await press(key);
  const boxes = view.findAll<HTMLInputElement>(".all input, .pick").map(({ element: { checked, disabled } }) => [checked, disabled]);
  expect(boxes).toEqual([[false, true], [true, false], [false, true], [false, true]]);
  await assignTo(view, "u1");
  expect(sent().map(([name]) => name)).toEqual(["gambling.x.test"]);
});

test("u does not open the chosen line again instead of an assignment that cannot be taken back", async () => {
  const one = item("x.test", decision({ version: 3 }));
  one.finding.assignment = assignment({ assignee: { user_id: "boss", username: "boss" } });
  rest.answers["GET /review"] = { items: [one], next_cursor: null, unreadable: [] };
  assignsOn("x.test", 1);
  decidesOn("x.test", 3);
  const { view } = await open({ decision: "confirmed" });
  useMe().user = user("u1", "user");
  for (const key of ["j", "a"]) await press(key);
  await assignTo(view, "u1");
  await press("u");
  expect(sent()).toEqual([["gambling.x.test", { assignee_id: "u1", due_on: null, version: 1 }]]);
  await view.find("select[name=due]").setValue("week"); // another list
  await flushPromises();
  for (const key of ["j", "u"]) await press(key);
  expect(sent()).toHaveLength(1);
  await press("o");
  expect(sent().slice(1)).toEqual([["gambling.x.test", { state: "open", reason: null, version: 3 }]]);
});

test("an assignment in the line itself is taken back before that of many at once", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"]);
  for (const name of ["x.test", "y.test"]) assignsOn(name);
  const { view } = await open();
  useMe().user = user("u1", "user");
  for (const key of ["j", "x", "j", "x", "k", "a"]) await press(key);
  await assignTo(view, "u1");
  await view.find(".assignment .open").trigger("click");
  await view.find(".assignment input[type=date]").setValue("2199-12-15");
  await view.find(".assignment form").trigger("submit");
  await flushPromises();
  (document.activeElement as HTMLElement).blur();
  expect(view.find(".done").text()).toContain(english("review.decided", { domain: "x.test", state: english("assignment.updated") }));
  for (const key of ["u", "u"]) await press(key);
  const said = { assignee_id: "u1", due_on: null };
  const nobody = { ...said, assignee_id: null };
  expect(sent().slice(2)).toEqual([
    ["gambling.x.test", { ...said, due_on: "2199-12-15", version: 1 }], ["gambling.x.test", { ...said, version: 2 }],
    ["gambling.x.test", { ...nobody, version: 3 }], ["gambling.y.test", { ...nobody, version: 1 }],
  ]);
  expect(view.find("[role=alert]").exists()).toBe(false);
});

test("an assignment in a line that is answered while others are decided ends the undo of neither", async () => {
  rest.answers["GET /review"] = page(["x.test", "y.test"]);
  assignsOn("x.test");
  let answer = (_: DecisionInfo) => {};
  rest.answers["PUT /tasks/t1/findings/gambling.y.test/decision"] = () => new Promise<DecisionInfo>((resolve) => (answer = resolve));
  const { view, names } = await open();
  useMe().user = user("u1", "user");
  await press("j");
  await view.find(".item:not([data-chosen]) [data-decide=confirmed]").trigger("click");
  await view.find(".assignment .open").trigger("click");
  await view.find(".assignment form").trigger("submit");
  await flushPromises();
  answer(decision());
  await flushPromises();
  (document.activeElement as HTMLElement).blur();
  decidesOn("y.test", 1);
  await press("u");
  expect([names(), sent().at(-1)]).toEqual([["x.test", "y.test"], ["gambling.y.test", { state: "open", reason: null, version: 1 }]]);
});

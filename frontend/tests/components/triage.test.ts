// @vitest-environment happy-dom
/** Findings of a scan, decided about where they are listed: filters in the address, keys, many at once, and taken back. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { getActivePinia } from "pinia";
import type { Router } from "vue-router";

import FindingsPanel from "@/components/FindingsPanel.vue";
import LeftUndo from "@/components/findings/LeftUndo.vue";
import UndoToast from "@/components/findings/UndoToast.vue";
import { addressOf } from "@/components/review/reviewAddress";
import { findingQueryOf, pagesOf, withFindings } from "@/components/findings/findingAddress";
import { recounted } from "@/components/findings/findingCounts";
import { PAGE_SIZE } from "@/composables/useFindings";
import { shownOf } from "@/composables/useScan";
import type { AssignmentInfo, AssignmentRequest, DecisionInfo, DecisionRequest, FilterCounts, FindingSummary } from "@/generated/rest";
import { TaskState } from "@/realtime";
import { useLeftUndo } from "@/stores/leftUndo";
import { useMe } from "@/stores/me";
import { i18n, setLanguage } from "@/texts";
import { dayOf } from "@/texts/format";

import { english } from "../support/english";
import { FakeRest, pageRoutes, problem, type Asked } from "../support/fakeRest";
import { SHA, assignment, decision, finding } from "../support/finding";
import { TASK, snapshot } from "../support/frames";

const VIOLATIONS = 5; // more than there are findings
const PATIENCE = { timeout: 8_000 }; // a hundred rows on a busy machine
const LIST = `GET /tasks/${TASK}/findings`;
const COUNTS: FilterCounts = {
  risk_level: { high: 2, low: 1 }, violation_key: { gambling: 3 }, hidden: { true: 1, false: 2 }, decision: { open: 3 },
  assignee: [{ user_id: null, username: null, count: 2 }, { user_id: "019b7a30-0000-7000-8000-000000000001", username: "li", count: 1 }],
};
const ME = { id: "019b7a30-0000-7000-8000-000000000009", username: "mei", email: "mei@example.com", role: "user" as const, is_active: true, scan_priority: 0, created_at: "2026-11-27T02:00:00Z", last_login_at: null };
const BOSS: AssignmentInfo = assignment({ assignee: { user_id: "019b7a30-0000-7000-8000-0000000000b0", username: "boss" }, version: 3 });
let rest: FakeRest;
let seen: (() => void)[]; // what makes each thumbnail come into sight
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  location.hash = "";
  document.body.innerHTML = "";
  rest = new FakeRest();
  seen = [];
  vi.stubGlobal("IntersectionObserver", class {
    constructor(told: (entries: { isIntersecting: boolean }[]) => void) { seen.push(() => told([{ isIntersecting: true }])); }
    observe() {}
    disconnect() {}
  });
});
afterEach(() => { vi.unstubAllGlobals(); vi.useRealTimers(); });

function found(name: string, more: Partial<FindingSummary> = {}): FindingSummary {
  return finding({ finding_id: `gambling.${name}`, domain: name, hidden_by: null, ...more });
}

function page(items: FindingSummary[], total = items.length) {
  return { items, total, truncated: false, attempt: 1, by_level: { high: total }, counts: { ...COUNTS, decision: { open: total } }, domains: total, open_counts: { total, high: total }, open_domains: total, dismissed: 0, crawled: 5, known: 5 };
}

/** The server's side of decisions: it counts versions, and refuses an older one. */
function decidesOn(...names: string[]): void {
  for (const name of names) {
    let version = 0;
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.${name}/decision`] = ({ body }: Asked) => {
      const asked = body as { state: DecisionInfo["state"]; reason: string | null; version: number };
      if (asked.version !== version) return problem(409, "decision_changed");
      version += 1;
      return decision({ state: asked.state, reason: asked.reason, version });
    };
  }
}

/** The server's side of assignments: as of decisions, from the version that each finding has. */
function assignsOn(...findings: FindingSummary[]): void {
  for (const { finding_id: id, assignment: given } of findings) {
    let version = given?.version ?? 0;
    rest.answers[`PUT /tasks/${TASK}/findings/${id}/assignment`] = ({ body }: Asked) => {
      const { assignee_id: who, due_on = null, version: seen } = body as AssignmentRequest;
      if (seen !== version) return problem(409, "assignment_changed");
      version += 1;
      return assignment({ assignee: who ? { user_id: who, username: who === ME.id ? ME.username : "boss" } : null, due_on, version });
    };
  }
}

async function open(query: Record<string, string> = {}, violations = 0) {
  const global = rest.mounting();
  const router = global.plugins[1] as Router;
  useMe().user = ME;
  await router.push({ name: "scan", params: { id: TASK }, query });
  const ended = shownOf(new TaskState(snapshot(1)));
  const state = { ...ended, ended: true, counts: { ...ended.counts, total: violations } };
  const view = mount(FindingsPanel, { props: { state, attempt: null }, global, attachTo: document.body });
  await flushPromises();
  return { view, router, names: () => view.findAll(".group .domain").map((domain) => domain.text()) };
}

async function press(...keys: string[]) {
  for (const key of keys) {
    (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await flushPromises();
  }
}

const sent = () => rest.asked.filter(({ method }) => method === "PUT").map(({ path, body }) => [path.split("/")[4]!.replace("gambling.", ""), (body as { state: string }).state, (body as { version: number }).version]);
const asked = () => rest.asked.filter(({ path }) => path.endsWith("/findings")).map(({ query }) => query.toString());
const stateOf = (view: Awaited<ReturnType<typeof open>>["view"], name: string) => view.find(`[data-id='gambling.${name}'] [data-decision]`);

describe("the address of a list of findings", () => {
  const QUERY = { risk: "high", kind: "fraud", hidden: "true", decision: "open", assignee: "me", host: "shop" } as const;

  test("is read as it is written, beside what else is in it", () => {
    const address = withFindings({ tab: "pages" }, { ...QUERY, pages: "3" });
    expect([findingQueryOf(address), pagesOf(address), address.tab]).toEqual([QUERY, 3, "pages"]);
    expect(withFindings(address, { risk: null, kind: null, hidden: null, decision: null, assignee: null, host: "" })).toEqual({ tab: "pages" });
  });

  test("of other making asks for what can be asked for", () => {
    const nothing = { risk: null, kind: null, hidden: null, decision: null, assignee: null, host: "" };
    expect(findingQueryOf({ risk: "dreadful", kind: ["a"], hidden: "1", decision: "__proto__", assignee: "../x", host: ["a"] })).toEqual(nothing);
    expect([pagesOf({ pages: "1e9" }), pagesOf({ pages: "-1" }), pagesOf({ pages: "x" })]).toEqual([20, 1, 1]);
    expect(findingQueryOf({ host: "x".repeat(999) }).host).toHaveLength(200);
  });

  test("of the review leaves out what goes without saying", () => {
    expect(addressOf({ decision: "open", assignee: null, due: null, sort: "due" })).toEqual({ sort: "due" });
  });
});

describe("the filters", () => {
  test("ask the server, with the number that each value leaves, and reload and back restore them", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test"), found("c.test")]);
    const { view, router } = await open({ tab: "pages", risk: "high" });
    const options = (name: string) => view.findAll(`select[name=${name}] option`).map((option) => option.text());
    expect(options("risk")).toEqual(["Risk: any", "high (2)", "low (1)"]);
    expect(options("hidden")).toEqual(["Visibility: any", "Hidden links (1)", "Visible links (2)"]);
    expect(options("assignee")).toEqual(["Assignee: any", `${english("assignment.nobody")} (2)`, "li (1)"]);
    expect(view.find<HTMLSelectElement>("select[name=risk]").element.value).toBe("high");
    await view.find("select[name=kind]").setValue("gambling");
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ tab: "pages", risk: "high", kind: "gambling" });
    expect(view.find("a.evidence").attributes("href")).toBe(`#/scans/${TASK}/findings/gambling.a.test?risk=high&kind=gambling`);
    router.back();
    await vi.waitFor(() => expect(asked()).toHaveLength(4), PATIENCE);
    const list = (query: string) => `page=1&page_size=${PAGE_SIZE}&${query}`;
    expect(asked()).toEqual([list("risk_level=high"), "page=1&page_size=1", list("risk_level=high&violation_key=gambling"), list("risk_level=high")]);
  });

  test("never change what the verdict is told, and an empty list says why it is empty", async () => {
    rest.answers[LIST] = ({ query }: Asked) => (query.get("violation_key") ? page([]) : page([found("a.test")], 17));
    const { view, router } = await open({ kind: "fraud" });
    expect(view.emitted("counted")!.at(-1)).toEqual([expect.objectContaining({ findings: 17 })]);
    expect(view.find(".state").text()).toContain(english("triage.none_fits"));
    await view.find(".state button").trigger("click");
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({});
    expect(view.findAll(".entry")).toHaveLength(1);
  });

  test("leave unsaid of how many violations all findings are made", async () => {
    rest.answers[LIST] = ({ query }: Asked) => page([found("a.test")], query.get("violation_key") ? 1 : 2);
    const told = english("findings.joined", { count: VIOLATIONS });
    const { view } = await open({}, VIOLATIONS);
    expect(view.find(".section-head").text()).toContain(told);
    await view.find("select[name=kind]").setValue("gambling");
    await flushPromises();
    expect(view.find(".section-head").text()).not.toContain(told);
  });

  test("a host is looked for when one stops typing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    const { view, router } = await open();
    for (const text of ["sh", " shop "]) await view.find("input[name=host]").setValue(text);
    await vi.advanceTimersByTimeAsync(1_000);
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ host: "shop" });
    expect(asked().at(-1)).toContain("q=shop");
  });
});

describe("pages", () => {
  const MANY = Array.from({ length: 120 }, (_, number) => found(`n${String(number).padStart(3, "0")}.test`));

  test("of a long list are read one by one, and an address brings them back", async () => {
    rest.answers[LIST] = ({ query }: Asked) => page(MANY.slice((Number(query.get("page")) - 1) * PAGE_SIZE).slice(0, PAGE_SIZE), 120);
    const { view, router } = await open();
    expect(view.findAll(".entry")).toHaveLength(50);
    await view.find("button.more").trigger("click");
    await vi.waitFor(() => expect([view.findAll(".entry").length, router.currentRoute.value.query]).toEqual([100, { pages: "2" }]), PATIENCE);
    view.unmount();
    const again = (await open({ pages: "2" })).view;
    await vi.waitFor(() => expect(again.findAll(".entry")).toHaveLength(100), PATIENCE);
    expect(asked().map((query) => query.slice(0, 6))).toEqual(["page=1", "page=2", "page=1", "page=2"]);
  });

  test("skip none when some have left the list by decisions", async () => {
    let open_ = MANY;
    rest.answers[LIST] = ({ query }: Asked) => page(open_.slice((Number(query.get("page")) - 1) * PAGE_SIZE).slice(0, PAGE_SIZE), open_.length);
    decidesOn("n000.test");
    const { view, names } = await open({ decision: "open" });
    await view.find("[data-decide=confirmed]").trigger("click");
    await flushPromises();
    open_ = MANY.slice(1);
    await view.find("button.more").trigger("click");
    await vi.waitFor(() => expect(names()).toHaveLength(50), PATIENCE);
    expect(names()).toEqual(MANY.slice(1, 51).map(({ domain }) => domain));
  });
});

describe("decisions", () => {
  test("change the numbers of all findings, which are read anew once, when something is dismissed or reopened", async () => {
    const items = [found("a.test"), found("b.test"), found("c.test")];
    let dismissed = 0;
    rest.answers[LIST] = () => ({ ...page(items), open_counts: { total: 3 - dismissed, high: 3 - dismissed }, open_domains: 3 - dismissed, dismissed });
    decidesOn("a.test", "b.test", "c.test");
    const { view } = await open();
    const head = () => view.find(".section-head").text().replace(/\s+/g, " ");
    expect(head()).toBe("Findings 3");
    await press("j", "c");
    await press("j", "x", "j", "x", "d");
    dismissed = 2;
    await view.find(".triage form input").setValue("ours");
    await view.find(".triage form").trigger("submit");
    await expect.poll(head, PATIENCE).toBe("Findings 12 dismissed");
    expect(asked().map((query) => query.split("&")[1])).toEqual(["page_size=50", "page_size=1"]); // nothing for what was confirmed
  });

  test("stand in each row: two clicks from the list of a scan, and the counts follow", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    decidesOn("a.test");
    const { view } = await open();
    await view.find("[data-id='gambling.a.test'] [data-decide=confirmed]").trigger("click");
    await flushPromises();
    expect(sent()).toEqual([["a.test", "confirmed", 0]]);
    expect(stateOf(view, "a.test").text()).toBe(english("decision.confirmed"));
    expect(view.findAll("select[name=decision] option").map((option) => option.text())).toEqual(["Decision: any", "Open (1)", "Confirmed (1)"]);
    expect(view.find(".done").text()).toContain("a.test: Confirmed.");
    expect(asked()).toHaveLength(1); // nothing is read again
  });

  test("by keys are about the row that j and k chose; Enter opens its evidence; typed letters are left alone", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    decidesOn("a.test", "b.test");
    const { view, router } = await open();
    await press("c");
    expect(sent()).toEqual([]); // nothing is chosen yet
    await press("j", "j", "m");
    expect(view.find("[data-chosen]").attributes("data-id")).toBe("gambling.b.test");
    expect(sent()).toEqual([["b.test", "mending", 0]]);
    await view.find<HTMLInputElement>("input[name=host]").element.focus();
    await press("c", "k");
    expect(sent()).toHaveLength(1);
    (document.activeElement as HTMLElement).blur();
    await press("k", "Enter");
    expect(router.currentRoute.value.fullPath).toBe(`/scans/${TASK}/findings/gambling.a.test`);
  });

  test("a dismissal asks why, in its row", async () => {
    rest.answers[LIST] = page([found("a.test")]);
    decidesOn("a.test");
    const { view } = await open();
    await press("j", "d");
    expect(document.activeElement?.tagName).toBe("INPUT");
    await press("Escape");
    expect(view.find("form").exists()).toBe(false);
    await press("d");
    await view.find("form input").setValue(" ours ");
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(rest.asked.at(-1)!.body).toEqual({ state: "dismissed", reason: "ours", version: 0 });
  });

  test("of many are made at once, and one undo takes all of them back to their places", async () => {
    const names = ["a.test", "b.test", "c.test"];
    rest.answers[LIST] = page(names.map((name) => found(name)));
    decidesOn(...names);
    const { view, names: shown } = await open({ decision: "open" });
    await press("j", "x", "j", "x");
    expect(view.find(".triage .all").text()).toBe(english("triage.chosen", { count: 2 }));
    await press("d");
    await view.find(".triage form input").setValue("partners");
    await view.find(".triage select[name=expiry]").setValue("decision.in_90_days");
    await view.find(".triage form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([["a.test", "dismissed", 0], ["b.test", "dismissed", 0]]);
    expect(rest.asked.filter(({ method }) => method === "PUT").map(({ body }) => (body as DecisionRequest).expires_on)).toEqual(Array(2).fill(dayOf(new Date(), 90)));
    expect([shown(), view.find(".count").text()]).toEqual([["c.test"], "1"]);
    expect(view.find(".done").text()).toContain(english("triage.decided", { count: 2, state: english("decision.dismissed") }));
    await view.find(".done .undo").trigger("click");
    await flushPromises();
    expect(sent().slice(2)).toEqual([["a.test", "open", 1], ["b.test", "open", 1]]);
    expect([shown(), view.find(".count").text(), view.find(".done").exists()]).toEqual([names, "3", false]);
    expect(view.findAll("select[name=decision] option").map((option) => option.text())).toEqual(["Decision: any", "Open (3)"]);
  });

  test("that the server refuses stay selected, with the reason, and the others are made", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    decidesOn("b.test");
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/decision`] = problem(409, "decision_changed");
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await view.find("[data-bulk=confirmed]").trigger("click");
    await flushPromises();
    expect(view.find(".triage [role=alert]").text()).toContain(english("error.decision_changed"));
    expect([stateOf(view, "a.test").exists(), stateOf(view, "b.test").exists()]).toEqual([false, true]);
    expect(view.findAll<HTMLInputElement>(".pick").map(({ element }) => element.checked)).toEqual([true, false]);
    await view.find(".triage [role=alert] button").trigger("click");
    await flushPromises();
    expect([asked().length, view.find(".triage [role=alert]").exists()]).toEqual([2, false]);
  });
});

describe("what can be taken back", () => {
  test("is of the list in sight: another filter, or the list loaded again, ends it", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    decidesOn("a.test");
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.b.test/decision`] = problem(409, "decision_changed");
    const { view } = await open();
    await press("j", "c");
    await view.find("select[name=risk]").setValue("high");
    await flushPromises();
    await press("u");
    expect([sent(), view.find(".done").exists()]).toEqual([[["a.test", "confirmed", 0]], false]);
    decidesOn("a.test");
    await press("j", "c", "j", "c");
    await view.find(".triage [role=alert] button").trigger("click");
    await flushPromises();
    await press("u");
    expect(sent().slice(1)).toEqual([["a.test", "confirmed", 0], ["b.test", "confirmed", 0]]);
  });

  test("are several steps of one finding, one after the other, and none is offered twice", async () => {
    rest.answers[LIST] = page([found("a.test")]);
    decidesOn("a.test");
    const { view } = await open();
    await press("j", "c", "m", "c", "u");
    expect(view.find(".done").exists()).toBe(false);
    await press("u", "u");
    expect(sent().slice(3)).toEqual([["a.test", "mending", 3], ["a.test", "confirmed", 4], ["a.test", "open", 5]]);
    expect([stateOf(view, "a.test").attributes("data-decision"), view.find("[role=alert]").exists()]).toEqual(["open", false]);
  });

  test("never is what somebody else has decided between two steps", async () => {
    rest.answers[LIST] = page([found("a.test")]);
    decidesOn("a.test");
    const { view } = await open();
    await press("j", "c");
    rest.answers[LIST] = page([found("a.test", { state: "mending", decision: decision({ state: "mending", version: 2 }) })]);
    setLanguage("zh-CN"); // the list is read anew
    await flushPromises();
    const path = `PUT /tasks/${TASK}/findings/gambling.a.test/decision`;
    const count = rest.answers[path] as (asked: Asked) => unknown;
    count({ body: { state: "mending", version: 1 } } as Asked); // of the colleague
    setLanguage("en");
    await flushPromises();
    await press("c", "u", "u");
    expect(sent()).toEqual([["a.test", "confirmed", 0], ["a.test", "confirmed", 2], ["a.test", "mending", 3], ["a.test", "open", 1]]);
    expect([stateOf(view, "a.test").text(), view.find("[role=alert]").text()]).toEqual([english("decision.mending"), expect.stringContaining(english("error.decision_changed"))]);
  });

  test("and was not is told, also where nothing is left in the list", async () => {
    rest.answers[LIST] = page([found("a.test")]);
    decidesOn("a.test");
    const { view } = await open({ decision: "open" });
    await press("j", "c");
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/decision`] = problem(503, "unavailable");
    await press("u");
    expect(view.find(".state").text()).toContain(english("triage.none_fits"));
    expect(view.find(".triage [role=alert]").text()).toContain(english("error.unavailable"));
    expect(view.find(".triage .all").exists()).toBe(false); // there is nothing to choose
  });

  test("stays what failed, for another try; what somebody else has decided since does not", async () => {
    const names = ["a.test", "b.test", "c.test"];
    rest.answers[LIST] = page(names.map((name) => found(name)));
    decidesOn(...names);
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await view.find("[data-bulk=confirmed]").trigger("click");
    await flushPromises();
    const [, b, c] = names.map((name) => `PUT /tasks/${TASK}/findings/gambling.${name}/decision`) as [string, string, string];
    const works = rest.answers[b];
    [rest.answers[b], rest.answers[c]] = [problem(503, "unavailable"), problem(409, "decision_changed")];
    await press("u");
    expect(view.find(".done").text()).toContain("b.test: Confirmed.");
    rest.answers[b] = works;
    await press("u", "u");
    expect(sent().slice(6)).toEqual([["b.test", "open", 1]]);
    expect(names.map((name) => stateOf(view, name).attributes("data-decision"))).toEqual(["open", "open", "confirmed"]);
  });
});

describe("assignments", () => {
  /** Of what is picked: `a`, what is entered, and the button. */
  async function assign(view: Awaited<ReturnType<typeof open>>["view"], { assignee, due }: { assignee?: string; due?: string }) {
    await press("a");
    if (assignee !== undefined) await view.find(".triage form select").setValue(assignee);
    if (due !== undefined) await view.find(".triage form input[type=date]").setValue(due);
    await view.find(".triage form").trigger("submit");
    await flushPromises();
  }
  const assigned = () => rest.asked.filter(({ path }) => path.endsWith("/assignment")).map(({ path, body }) => [path.split("/")[4]!.replace("gambling.", ""), body]);
  const tagsOf = (view: Awaited<ReturnType<typeof open>>["view"], name: string) => view.findAll(`[data-id='gambling.${name}'] :is([data-assignee], [data-due])`).map((tag) => tag.text());
  const listed = (...findings: FindingSummary[]) => {
    rest.answers[LIST] = page(findings);
    assignsOn(...findings);
  };

  test("of many are made with one form, of which what nobody changes stays with each, and one undo takes them back", async () => {
    listed(found("a.test", { assignment: assignment({ assignee: null, version: 3 }) }), found("b.test"), found("c.test"));
    const { view } = await open();
    await press("j", "x", "j", "x", "a");
    expect(view.find(".triage form").text()).toContain(english("assignment.only_changed"));
    expect(document.activeElement?.tagName).toBe("SELECT");
    await press("Escape");
    expect(view.find(".triage form").exists()).toBe(false);
    (document.activeElement as HTMLElement).blur();
    await assign(view, { assignee: ME.id, due: "2199-12-15" });
    const said = { assignee_id: ME.id, due_on: "2199-12-15" };
    expect(assigned()).toEqual([["a.test", { ...said, version: 3 }], ["b.test", { ...said, version: 0 }]]);
    const tags = [english("assignment.to", { name: "mei" }), english("assignment.due", { date: "Dec 15, 2199" })];
    expect(["a.test", "b.test", "c.test"].map((name) => tagsOf(view, name))).toEqual([tags, tags, []]);
    expect([view.find(".triage form").exists(), view.find(".triage .all").text()]).toEqual([false, english("triage.choose_all")]);
    expect(view.find(".done").text()).toContain(english("triage.decided", { count: 2, state: english("assignment.updated") }));
    await press("u");
    const nothing = { assignee_id: null, due_on: null };
    expect(assigned().slice(2)).toEqual([["a.test", { ...nothing, version: 4 }], ["b.test", { ...nothing, version: 1 }]]);
    expect(["a.test", "b.test"].map((name) => tagsOf(view, name))).toEqual([[], []]);
  });

  test("are no longer asked for when nothing is selected any more, and the keys of decisions work again", async () => {
    listed(found("a.test"));
    decidesOn("a.test");
    const { view } = await open();
    await press("j", "a");
    await view.find(".pick").setValue(false);
    (document.activeElement as HTMLElement).blur();
    await press("c");
    expect(sent()).toEqual([["a.test", "confirmed", 0]]);
    await view.find(".pick").setValue(true);
    expect(view.find(".triage form").exists()).toBe(false);
  });

  test("by key are of the row that was chosen, if none is picked", async () => {
    listed(found("a.test"), found("b.test"));
    const { view } = await open();
    await press("a");
    expect(view.find(".triage form").exists()).toBe(false);
    await press("j", "j");
    await assign(view, { assignee: ME.id });
    expect(assigned().map(([name]) => name)).toEqual(["b.test"]);
  });

  test("by key pick the row for the form alone: the next key is about the row that is chosen then", async () => {
    listed(found("a.test"), found("b.test"));
    decidesOn("a.test", "b.test");
    const { view } = await open();
    const leave = async () => {
      await press("Escape");
      (document.activeElement as HTMLElement).blur();
    };
    await press("j", "a");
    await leave();
    await press("j", "c");
    expect(sent()).toEqual([["b.test", "confirmed", 0]]);
    await press("x", "a");
    await leave();
    expect(view.findAll<HTMLInputElement>(".pick").map(({ element }) => element.checked)).toEqual([false, true]); // as the reader has picked
  });

  test("are of what is picked as the form opens: some can leave, none can join, and what was typed stays", async () => {
    listed(found("a.test", { assignment: BOSS }), found("b.test", { assignment: BOSS }), found("c.test"));
    const { view } = await open();
    const boxes = () => view.findAll<HTMLInputElement>(".all input, .pick").map(({ element: { checked, disabled } }) => [checked, disabled]);
    await press("j", "x", "j", "x", "a");
    await view.find(".triage form input[type=date]").setValue("2199-12-15");
    (document.activeElement as HTMLElement).blur();
    await press("j", "x", "d");
    expect(boxes()).toEqual([[false, true], [true, false], [true, false], [false, true]]);
    await view.find(".pick").setValue(false);
    await view.find(".triage form").trigger("submit");
    await flushPromises();
    expect(assigned()).toEqual([["b.test", { assignee_id: BOSS.assignee!.user_id, due_on: "2199-12-15", version: 3 }]]);
    expect(boxes().map(([, isDisabled]) => isDisabled)).toEqual([false, false, false, false]);
  });

  test("that differ show so, and nothing is sent where nothing would change", async () => {
    listed(found("a.test", { assignment: BOSS }), found("b.test", { assignment: assignment({ assignee: { user_id: ME.id, username: "mei" } }) }));
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await view.find("[data-bulk=assignment]").trigger("click");
    await flushPromises();
    expect(view.findAll(".triage form option").map((option) => option.text())).toEqual([english("assignment.stays"), english("assignment.nobody"), "mei"]);
    await view.find(".triage form").trigger("submit");
    await flushPromises();
    expect([assigned(), view.find(".triage form").exists()]).toEqual([[], false]);
    await view.find(".triage .all input").setValue(true);
    await assign(view, { assignee: ME.id });
    expect(assigned()).toEqual([["a.test", { assignee_id: ME.id, due_on: null, version: 3 }]]);
  });

  test("that the server refuses stay selected, with the reason, and the others are made", async () => {
    listed(found("a.test"), found("b.test"));
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/assignment`] = problem(409, "assignment_changed");
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await assign(view, { assignee: ME.id });
    expect(view.find(".triage .bulk > [role=alert]").text()).toContain(english("error.assignment_changed"));
    expect([tagsOf(view, "a.test"), tagsOf(view, "b.test")]).toEqual([[], [english("assignment.to", { name: "mei" })]]);
    expect(view.findAll<HTMLInputElement>(".pick").map(({ element }) => element.checked)).toEqual([true, false]);
    expect(view.find(".triage form").exists()).toBe(true);
  });

  test("and decisions are taken back in their order, and each leaves the other", async () => {
    listed(found("a.test"));
    decidesOn("a.test");
    const { view } = await open();
    await press("j");
    await assign(view, { assignee: ME.id });
    (document.activeElement as HTMLElement).blur();
    await press("c");
    await assign(view, { due: "2199-12-15" });
    const shown = () => [stateOf(view, "a.test").attributes("data-decision"), tagsOf(view, "a.test").length];
    expect(shown()).toEqual(["confirmed", 2]);
    (document.activeElement as HTMLElement).blur();
    const after = [];
    for (const _ of "123") {
      await press("u");
      after.push(shown());
    }
    expect(after).toEqual([["confirmed", 1], ["open", 1], ["open", 0]]);
    expect(assigned().map(([, body]) => (body as AssignmentRequest).version)).toEqual([0, 1, 2, 3]);
    expect(view.find("[role=alert]").exists()).toBe(false);
  });

  test("are not offered for undo if the reader could not restore them, nor are earlier ones", async () => {
    listed(found("a.test", { assignment: BOSS }));
    decidesOn("a.test");
    const { view } = await open();
    await press("j", "c");
    await assign(view, { assignee: ME.id });
    (document.activeElement as HTMLElement).blur();
    await press("u");
    expect([assigned().length, sent().length, tagsOf(view, "a.test")]).toEqual([1, 2, [english("assignment.to", { name: "mei" })]]);
  });

  test("are undone for the others if one could not be restored, and so are earlier ones", async () => {
    listed(found("a.test", { assignment: BOSS }), found("b.test"));
    decidesOn("a.test", "b.test");
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await press("c");
    await view.find(".triage .all input").setValue(true);
    await assign(view, { assignee: ME.id });
    expect(view.find(".done").text()).toContain(english("review.decided", { domain: "b.test", state: english("assignment.updated") }));
    (document.activeElement as HTMLElement).blur();
    await press("u");
    expect([assigned().slice(2).map(([name]) => name), view.find(".done").exists()]).toEqual([["b.test"], false]);
    await press("u", "u");
    expect(sent().slice(5)).toEqual([["b.test", "open", 1]]);
    expect(["a.test", "b.test"].map((name) => stateOf(view, name).attributes("data-decision"))).toEqual(["confirmed", "open"]);
  });

  test("that could not be restored leave the offer to undo what is left of the step before", async () => {
    listed(found("a.test", { assignment: BOSS }), found("b.test"));
    decidesOn("a.test", "b.test");
    const { view } = await open();
    await view.find(".triage .all input").setValue(true);
    await press("c", "j");
    await assign(view, { assignee: ME.id });
    expect(view.find(".done").text()).toContain("b.test: Confirmed.");
  });

  test.each([["none", null], [BOSS.assignee!.user_id, BOSS]])("to another leave the list of %s, and the numbers follow", async (assignee, given) => {
    const one = found("a.test", { assignment: given });
    listed(one);
    rest.answers[LIST] = { ...page([one]), counts: { ...COUNTS, assignee: [{ user_id: given?.assignee?.user_id ?? null, username: given === null ? null : "boss", count: 1 }] } };
    const { view, names } = await open({ assignee });
    await press("j");
    await assign(view, { assignee: ME.id });
    expect([names(), view.find(".count").text()]).toEqual([[], ""]);
    expect(view.findAll("select[name=assignee] option").map((option) => option.text()).at(-1)).toBe(`${english("review.me")} (1)`);
  });
});

describe("thumbnails", () => {
  test("are read when they come into sight, small, one request each; what may disturb is blurred", async () => {
    const screenshot = { sha256: SHA, href: "/x" };
    rest.answers[LIST] = page([found("a.test", { screenshot }), found("b.test", { screenshot, violation_key: "adult" }), found("c.test")]);
    rest.answers[`GET /tasks/${TASK}/captures/${SHA}`] = new Response(new Blob(["x"], { type: "image/jpeg" }), { headers: { "Content-Type": "image/jpeg" } });
    const { view } = await open();
    expect([view.findAll(".thumb").length, seen.length, rest.count("GET", `/tasks/${TASK}/captures/${SHA}`)]).toEqual([2, 2, 0]);
    seen[0]!();
    await flushPromises();
    expect(rest.asked.at(-1)!.query.toString()).toBe("width=240");
    expect(view.findAll(".thumb img")).toHaveLength(1);
    expect(view.findAll(".thumb").map((thumb) => thumb.attributes("data-blurred"))).toEqual([undefined, "true"]);
  });
});

describe("the offer to undo", () => {
  const batch = () => ({ state: "confirmed" as const, done: [{ before: { taskId: "t", attempt: null, finding: found("a.test") }, written: { part: "decision" as const, info: decision() } }] });

  test("lasts ten seconds, longer while somebody points at it, and does not come again for an older step", async () => {
    vi.useFakeTimers();
    const first = batch();
    const toast = mount(UndoToast, { props: { batch: null as ReturnType<typeof batch> | null, isBusy: false }, global: { plugins: [i18n] } });
    const isShown = async (ms: number) => (await vi.advanceTimersByTimeAsync(ms), toast.find(".done").exists());
    await toast.setProps({ batch: first });
    expect([await isShown(9_900), await isShown(200)]).toEqual([true, false]);
    await toast.setProps({ batch: batch() });
    await toast.find(".done").trigger("mouseenter");
    expect(await isShown(60_000)).toBe(true);
    await toast.find(".done").trigger("mouseleave");
    expect([await isShown(9_900), await isShown(200)]).toEqual([true, false]);
    await toast.setProps({ batch: first });
    expect(await isShown(0)).toBe(false);
  });

  /** Leaves the list, within the page, after a decision. */
  async function leave() {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    decidesOn("a.test", "b.test");
    const { view } = await open();
    const toast = mount(LeftUndo, { global: { plugins: [getActivePinia()!, i18n] } });
    await press("j", "c");
    expect(toast.find(".done").exists()).toBe(false); // the list has its own
    view.unmount();
    await flushPromises();
    return toast;
  }

  test.each(["button", "key"])("goes with the reader who leaves the list, and what is shown elsewhere is read anew (%s)", async (by) => {
    const toast = await leave();
    expect(toast.find(".done").text()).toContain("a.test: Confirmed.");
    const read = asked().length;
    mount(FindingsPanel, { props: { state: { ...shownOf(new TaskState(snapshot(1))), ended: true }, attempt: null }, global: { plugins: [getActivePinia()!, pageRoutes(), i18n] } });
    await flushPromises();
    if (by === "key") await press("u");
    else await toast.find(".done .undo").trigger("click");
    await flushPromises();
    expect([sent(), asked().length - read, toast.find(".done").exists()]).toEqual([[["a.test", "confirmed", 0], ["a.test", "open", 1]], 2, false]);
    await press("u");
    expect(sent()).toHaveLength(2);
  });

  test("ends with its time, with the session, and when something else is done", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let toast = await leave();
    await vi.advanceTimersByTimeAsync(10_100);
    await press("u");
    expect([sent().length, toast.find(".done").exists()]).toEqual([1, false]);
    toast = await leave();
    toast.unmount();
    expect(useLeftUndo().batch).toBeNull();
    toast = await leave();
    const view = mount(FindingsPanel, { props: { state: { ...shownOf(new TaskState(snapshot(1))), ended: true }, attempt: null }, global: { plugins: [getActivePinia()!, pageRoutes(), i18n] } });
    await flushPromises();
    await view.findAll("[data-decide=confirmed]").at(-1)!.trigger("click");
    await flushPromises();
    expect([toast.find(".done").exists(), view.find(".done").exists()]).toEqual([false, true]);
  });

  test("has the key u, and opening again the key o, as the list of keys says", async () => {
    rest.answers[LIST] = page([found("a.test", { state: "confirmed", decision: decision() }), found("b.test")]);
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/decision`] = ({ body }: Asked) => decision({ state: (body as { state: DecisionInfo["state"] }).state, version: 2 });
    const { view } = await open();
    await press("j", "u");
    expect(sent()).toEqual([]);
    await press("o", "o");
    expect(sent()).toEqual([["a.test", "open", 1]]);
    const keys = view.findAll(".keys span").map((key) => key.text());
    expect(keys).toEqual(expect.arrayContaining([`o ${english("decision.reopen")}`, `u ${english("decision.undo")}`]));
  });

  test("says why it could not be taken back", async () => {
    const toast = await leave();
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/decision`] = problem(503, "unavailable");
    await press("u");
    expect(toast.find(".done").text()).toContain(english("error.unavailable"));
  });

  test("comes after the reader has left, where the decision was answered only then", async () => {
    rest.answers[LIST] = page([found("a.test"), found("b.test")]);
    let answer = (_: DecisionInfo) => {};
    rest.answers[`PUT /tasks/${TASK}/findings/gambling.a.test/decision`] = () => new Promise<DecisionInfo>((resolve) => (answer = resolve));
    const { view } = await open();
    const toast = mount(LeftUndo, { global: { plugins: [getActivePinia()!, i18n] } });
    await press("j", "c");
    view.unmount();
    answer(decision());
    await flushPromises();
    expect(toast.find(".done").text()).toContain("a.test: Confirmed.");
  });
});

test("counts follow a decision as the server would count", () => {
  const before = found("a.test", { assignment: assignment({ assignee: { user_id: "019b7a30-0000-7000-8000-000000000001", username: "li" } }) });
  const after = { ...before, state: "confirmed" as const };
  expect(recounted(COUNTS, before, after, { decision: null, assignee: null })).toEqual({ ...COUNTS, decision: { open: 2, confirmed: 1 } });
  expect(recounted(COUNTS, before, after, { decision: "open", assignee: null })).toEqual({
    risk_level: { high: 1, low: 1 }, violation_key: { gambling: 2 }, hidden: { true: 1, false: 1 }, decision: { open: 2, confirmed: 1 },
    assignee: [COUNTS.assignee[0], { ...COUNTS.assignee[1], count: 0 }],
  });
});

test("counts follow an assignment as the server would count, of nobody's findings and of one person's", () => {
  const [before, after] = [found("a.test"), found("a.test", { assignment: BOSS })];
  const { user_id, username } = BOSS.assignee!;
  const assignee = [{ ...COUNTS.assignee[0]!, count: 1 }, COUNTS.assignee[1]!, { user_id, username, count: 1 }];
  expect(recounted(COUNTS, before, after, { decision: null, assignee: null })).toEqual({ ...COUNTS, assignee });
  expect(recounted(COUNTS, before, after, { decision: null, assignee: "none" })).toEqual({
    risk_level: { high: 1, low: 1 }, violation_key: { gambling: 2 }, hidden: { true: 1, false: 1 }, decision: { open: 2 }, assignee,
  });
});

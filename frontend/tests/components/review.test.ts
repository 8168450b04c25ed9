// @vitest-environment happy-dom
/** The queue of what a person should look at, through the keyboard. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";

import ReviewView from "@/views/ReviewView.vue";
import { setLanguage } from "@/texts";

import { FakeRest, problem } from "../support/fakeRest";
import { finding } from "../support/finding";

let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
});

function scan(id: string, domain: string, counts: Record<string, number> = { high: 1 }) {
  const times = { created_at: "2026-11-27T01:00:00Z", completed_at: "2026-11-27T02:00:00Z" };
  return { id, user_id: "u1", target_domain: domain, status: "completed", violation_counts: counts, ...times };
}

function list(names: string[], total = names.length) {
  return { items: names.map((name) => finding({ finding_id: name, domain: name })), total, truncated: false, attempt: 1 };
}

async function open() {
  const view = mount(ReviewView, { global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  return view;
}

function press(key: string, more: KeyboardEventInit = {}) {
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  return flushPromises();
}

test("it has what needs a review of the newest scan of each site, and asks nothing of scans that found nothing", async () => {
  rest.answers = {
    "GET /tasks": { items: [scan("t1", "a.test"), scan("t2", "b.test", { high: 0 }), scan("t3", "a.test")], total: 3, truncated: false },
    "GET /tasks/t1/findings": list(["x.test", "y.test"], 60),
  };
  const view = await open();
  expect(view.findAll(".line .domain").map((domain) => domain.text())).toEqual(["x.test", "y.test"]);
  expect(view.text()).toContain("3 of 3 completed scans looked at");
  expect(view.text()).toContain("58 more findings");
  expect(rest.asked.filter(({ path }) => path.endsWith("findings")).map(({ path }) => path)).toEqual(["/tasks/t1/findings"]);
  expect(rest.asked.find(({ path }) => path.endsWith("findings"))!.query.get("needs_review")).toBe("true");
});

test("j and k choose, Enter opens all evidence below, Escape closes it; typed letters are left alone", async () => {
  rest.answers = {
    "GET /tasks": { items: [scan("t1", "a.test")], total: 1, truncated: false },
    "GET /tasks/t1/findings": list(["x.test", "y.test"]),
    "GET /tasks/t1/findings/y.test": finding({ domain: "y.test" }),
  };
  const view = await open();
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
  expect(view.find(".detail h1").text()).toBe("y.test");
  expect(view.find(".detail a").attributes("href")).toBe("#/scans/t1/findings/y.test");
  await press("Escape");
  expect(view.find(".detail").exists()).toBe(false);
  const input = document.body.appendChild(document.createElement("input"));
  input.focus();
  await press("k");
  expect(chosen()).toEqual(["y.test"]);
  input.remove();
});

test("older scans come when they are asked for", async () => {
  rest.answers["GET /tasks"] = ({ query }: { query: URLSearchParams }) =>
    ({ items: [scan(`t${query.get("page")}`, `${query.get("page")}.test`)], total: 40, truncated: false });
  rest.answers["GET /tasks/t1/findings"] = list(["x.test"]);
  rest.answers["GET /tasks/t2/findings"] = list(["y.test"]);
  const view = await open();
  expect(view.text()).toContain("20 of 40 completed scans looked at");
  await view.find(".older").trigger("click");
  await flushPromises();
  expect(view.findAll(".line .domain").map((domain) => domain.text())).toEqual(["x.test", "y.test"]);
  expect(view.find(".older").exists()).toBe(false);
});

test("an empty queue says of how many scans, and none is not called clean", async () => {
  rest.answers["GET /tasks"] = { items: [scan("t1", "a.test", {})], total: 1, truncated: false };
  expect((await open()).find(".state").text()).toBe("Nothing needs a review1 of 1 completed scans looked at");
  rest.answers["GET /tasks"] = { items: [], total: 0, truncated: false };
  expect((await open()).find(".state").text()).toBe("No scan has been completed yet");
  rest.answers["GET /tasks"] = problem(503, "unavailable");
  expect((await open()).find("[data-state=failed]").text()).toContain("The queue could not be loaded");
});

// @vitest-environment happy-dom
/** Orders over many domains: how one is made, what all of it came to, and what may be the reader's own. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import AppHeader from "@/components/AppHeader.vue";
import CreateScanDialog from "@/components/CreateScanDialog.vue";
import PossiblyOwn from "@/components/PossiblyOwn.vue";
import { emptyForm, orderOf, requestOf, targetsOf } from "@/components/scanOptions";
import type { OrderResponse, OrderedProperty } from "@/generated/rest";
import { useConnection } from "@/stores/connection";
import { setLanguage } from "@/texts";
import OrderView from "@/views/OrderView.vue";
import OrdersView from "@/views/OrdersView.vue";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";

const ID = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11";
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function property(name: string, more: Partial<OrderedProperty>): OrderedProperty {
  return {
    task_id: `${name}-id`, target_domain: `${name}.test`, status: "completed", attempt: 1, shown_attempt: 1, progress: 100, result: "clean", verdict: null,
    finding_counts: {}, open_counts: {}, error: null, created_at: "2026-11-27T02:00:00Z", completed_at: null, ...more,
  };
}

function order(more: Partial<OrderResponse> = {}): OrderResponse {
  const properties = [property("bad", { result: "violations", finding_counts: { total: 2, high: 2 }, open_counts: { total: 2, high: 2 } }), property("now", { status: "running", result: null, progress: 40 })];
  return {
    id: ID, user_id: "u", title: null, targets: 2, status_counts: { completed: 1, running: 1 }, created_at: "2026-11-27T02:00:00Z", config: {}, result: null,
    result_counts: { violations: 1 }, finding_counts: { total: 2, high: 2 }, open_counts: { total: 2, high: 2 }, properties, ...more,
  };
}

test("several domains are an order, without pages to begin at", () => {
  const form = { ...emptyForm(" a.test "), more: "b.test\n\n a.test\nc.test ", own: "own.test\n", startUrls: "https://a.test/x" };
  expect(targetsOf(form)).toEqual(["a.test", "b.test", "c.test"]);
  expect(orderOf(form)).toEqual({ targets: ["a.test", "b.test", "c.test"], config: { own_domains: ["own.test"] } });
  expect(requestOf({ ...form, more: "" }).config).toEqual({ own_domains: ["own.test"], start_urls: ["https://a.test/x"] });
});

test("an order has the name that was given to it, and is sent without one that is blank", () => {
  const form = { ...emptyForm("a.test"), more: "b.test", title: " Branches " };
  expect(orderOf(form).title).toBe("Branches");
  expect(orderOf({ ...form, title: "  " })).not.toHaveProperty("title");
});

test("what cannot be scanned is named by its line", async () => {
  const errors = [{ field: "body.targets.1", code: "target_is_url", message: "Give the domain alone." }];
  const refusal = Response.json({ status: 422, code: "invalid_input", title: "t", detail: "d", trace_id: "t", errors }, { status: 422 });
  rest.answers["POST /orders"] = refusal;
  mount(CreateScanDialog, { props: { modelValue: true, domain: "a.test" }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const more = document.querySelector<HTMLTextAreaElement>("#more-domains")!;
  more.value = "mail@b.test";
  more.dispatchEvent(new Event("input"));
  await flushPromises();
  document.querySelector<HTMLFormElement>("#start")!.dispatchEvent(new Event("submit"));
  await flushPromises();
  expect(rest.asked.find(({ path }) => path === "/orders")?.body).toMatchObject({ targets: ["a.test", "mail@b.test"] });
  expect(document.querySelector(".wrong")?.textContent).toBe("mail@b.test: Give the domain alone.");
});

test("an address is taken for its domain in every field for domains, and the form says so", async () => {
  const form = { ...emptyForm("https://corp.test/about"), more: "http://b.test:8080/x\nc.test\nCORP.test/", own: "//own.test/y" };
  expect(orderOf(form)).toEqual({ targets: ["corp.test", "b.test", "c.test"], config: { own_domains: ["own.test"] } });
  expect(requestOf({ ...form, more: "" })).toEqual({ target_domain: "corp.test", config: { own_domains: ["own.test"] } });
  mount(CreateScanDialog, { props: { modelValue: true, domain: "https://corp.test/about" }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  expect(document.querySelector(".taken")?.textContent).toContain(english("typed.taken", { domain: "corp.test", given: "https://corp.test/about" }));
  document.querySelector<HTMLElement>("[data-action=take]")!.click();
  await flushPromises();
  expect(document.querySelector<HTMLInputElement>("#domain")!.value).toBe("corp.test");
  expect(document.querySelector(".taken")).toBeNull();
});

test("several lines pasted into the field of one domain are all scanned", async () => {
  mount(CreateScanDialog, { props: { modelValue: true }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", "https://a.test/x\nb.test\nc.test");
  document.querySelector("#domain")!.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  await flushPromises();
  expect(document.querySelector<HTMLInputElement>("#domain")!.value).toBe("a.test");
  expect(document.querySelector<HTMLTextAreaElement>("#more-domains")!.value).toBe("b.test\nc.test");
  expect(document.querySelector<HTMLDetailsElement>(".several")!.open).toBe(true);
});

test("an order counts of each domain what nobody has dismissed, and the rest beside it", async () => {
  const properties = [property("bad", { result: "violations", finding_counts: { total: 3, high: 3 }, open_counts: { total: 1, high: 1 } }), property("fine", {})];
  rest.answers[`GET /orders/${ID}`] = order({ properties });
  const view = mount(OrderView, { props: { orderId: ID }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const said = view.findAll("tbody tr").map((row) => row.findAll("td")[1]!.findAll("span").map((one) => one.text().replace(/\s/g, " ")));
  expect(said).toEqual([["high 1", "2 dismissed"], []]);
});

test("an order says of each domain why nothing is known of it", async () => {
  const verdict = { result: "inconclusive" as const, reasons: ["start_page" as const, "robots" as const] };
  const failed = { code: "timeout", message: "too long", retryable: false } as OrderedProperty["error"];
  const properties = [
    property("thin", { result: "inconclusive", verdict }),
    property("gone", { result: "inconclusive", status: "failed", error: failed }),
    property("fine", { verdict: { result: "clean", reasons: ["robots"] } }),
  ];
  rest.answers[`GET /orders/${ID}`] = order({ properties });
  const view = mount(OrderView, { props: { orderId: ID }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const said = view.findAll("tbody tr").map((row) => row.find(".why").exists() ? row.find(".why").text() : "");
  expect(said).toEqual([english("reason.start_page"), english("failure.timeout"), ""]);
});

test("an order shows each domain with its result, and all of it can be cancelled", async () => {
  rest.answers[`GET /orders/${ID}`] = order();
  rest.answers[`POST /orders/${ID}/cancel`] = order({ status_counts: { completed: 1, cancelled: 1 } });
  const view = mount(OrderView, { props: { orderId: ID }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const rows = view.findAll("tbody tr").map((row) => row.text());
  expect(rows[0]).toMatch(/bad\.test.*Violations found.*2/);
  expect(rows[1]).toMatch(/now\.test.*40%/);
  expect(view.find("h1").text()).toBe("2 domains");
  expect(view.find(".result").text()).toBe(english("orders.running"));
  await view.find("[data-action=cancel]").trigger("click");
  await flushPromises();
  [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")].at(-1)!.click();
  await flushPromises();
  expect(rest.count("POST", `/orders/${ID}/cancel`)).toBe(1);
  expect(view.find("[data-action=cancel]").exists()).toBe(false);
});

test("an order of which nothing is under way is deleted, and the list is shown", async () => {
  rest.answers[`GET /orders/${ID}`] = order({ status_counts: { completed: 2 }, result: "violations" });
  rest.answers[`DELETE /orders/${ID}`] = new Response(null, { status: 204 });
  const global = rest.mounting();
  const router = global.plugins.find((plugin) => "push" in plugin)!;
  const shown = vi.spyOn(router, "push").mockResolvedValue(undefined);
  const view = mount(OrderView, { props: { orderId: ID }, global, attachTo: document.body });
  await flushPromises();
  expect(view.find("[data-action=cancel]").exists()).toBe(false);
  await view.find("[data-action=delete]").trigger("click");
  await flushPromises();
  [...document.querySelectorAll<HTMLElement>(".el-dialog__footer button")].at(-1)!.click();
  await flushPromises();
  expect(rest.count("DELETE", `/orders/${ID}`)).toBe(1);
  await vi.waitFor(() => expect(shown).toHaveBeenCalledWith({ name: "orders" }), { timeout: 8_000 });
});

test("the report over all is a file in each format but the archive", async () => {
  rest.answers[`GET /orders/${ID}`] = order({ title: "Branches", result: "violations" });
  rest.answers[`GET /orders/${ID}/report`] = new Response("x");
  URL.createObjectURL = () => "#saved";
  const view = mount(OrderView, { props: { orderId: ID }, global: rest.mounting(), attachTo: document.body });
  await flushPromises();
  const formats = view.findAll("[data-format]").map((button) => button.attributes("data-format"));
  expect([...formats].sort()).toEqual(["csv", "html", "json", "pdf", "xlsx"]);
  await view.find("[data-format=csv]").trigger("click");
  await flushPromises();
  expect(rest.asked.at(-1)?.query.get("format")).toBe("csv");
});

test("orders are listed with where their scans are, and an empty list says how one is made", async () => {
  rest.answers["GET /orders"] = { items: [{ ...order(), title: "Branches" }], total: 1 };
  const view = mount(OrdersView, { global: rest.mounting() });
  await flushPromises();
  expect(view.find("li").text()).toMatch(/Branches.*running.*1.*completed.*1/i);
  rest.answers["GET /orders"] = { items: [], total: 0 };
  const empty = mount(OrdersView, { global: rest.mounting() });
  await flushPromises();
  expect(empty.text()).toContain("No orders yet");
});

test.each([["a notice", true], ["the end of a cut", false]])("after %s the list and an unfinished order are read anew", async (_name, isNotice) => {
  rest.answers["GET /orders"] = { items: [order()], total: 1 };
  rest.answers[`GET /orders/${ID}`] = order();
  const global = rest.mounting();
  const listeners: (() => void)[] = [];
  vi.spyOn(useConnection(), "onNotice").mockImplementation((listener) => {
    listeners.push(listener as () => void);
    return () => {};
  });
  mount(OrdersView, { global });
  mount(OrderView, { props: { orderId: ID }, global });
  await flushPromises();
  vi.useFakeTimers();
  if (isNotice) listeners.forEach((listener) => listener());
  else useConnection().status = { ...useConnection().status, phase: "online" };
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect([rest.count("GET", "/orders"), rest.count("GET", `/orders/${ID}`)]).toEqual([2, 2]);
});

test("the views of a scan and of orders belong to the scans, and an order leads back to all", async () => {
  rest.answers[`GET /orders/${ID}`] = order();
  const global = rest.mounting();
  const router = global.plugins.find((plugin) => "push" in plugin)!;
  await router.push(`/orders/${ID}`);
  const header = mount(AppHeader, { global: { ...global, stubs: { LiveIndicator: true, SearchBox: true } } });
  const active = () => header.findAll(".views .router-link-active").map((link) => link.attributes("href"));
  expect(active()).toEqual(["#/scans"]);
  await router.push("/scans/1/third-parties/a.test");
  expect(active()).toEqual(["#/scans"]);
  await router.push("/overview");
  expect(active()).toEqual(["#/overview"]);
  const view = mount(OrderView, { props: { orderId: ID }, global });
  await flushPromises();
  expect(view.find(".back a").attributes("href")).toBe("#/orders");
});

test("what may be the reader's own is a list to copy, and nothing when there is none", async () => {
  const own = [{ domain: "group.test", signs: ["certificate", "registrant"] }, { domain: "sister.test", signs: ["name_servers"] }];
  rest.answers["GET /tasks/t1/third-parties"] = { items: [], total: 0, truncated: false, attempt: 1, possibly_own: own };
  const view = mount(PossiblyOwn, { props: { taskId: "t1", attempt: null }, global: rest.mounting() });
  await flushPromises();
  expect(view.find("li").text()).toBe(`group.test ${english("own_sign.certificate")} · ${english("own_sign.registrant")}`);
  expect(view.find("code").text()).toBe("group.test\nsister.test");
  rest.answers["GET /tasks/t1/third-parties"] = { items: [], total: 0, truncated: false, attempt: 1, possibly_own: [] };
  const none = mount(PossiblyOwn, { props: { taskId: "t1", attempt: null }, global: rest.mounting() });
  await flushPromises();
  expect(none.find("details").exists()).toBe(false);
});

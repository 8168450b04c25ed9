// @vitest-environment happy-dom
/** The local reader in the administration: nothing is switched on before its report was shown, and nothing without a question. */

import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { ADMIN_SECTIONS } from "@/adminSections";
import { createPageRouter } from "@/router";
import { useAccount } from "@/stores/account";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";
import AdminView from "@/views/AdminView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

const VERSION = { version: 2, made_at: "2026-01-01T00:00:00Z", sha256: "ab".repeat(32), violating: 120, clean: 1_400, domains: 90, is_reported: false };
const REPORT = {
  version: VERSION, about: "0.1.0, scikit-learn 1.7.0", left_out: [{ reason: "repeated", reason_text: "3 repeated pages (said by the server)", count: 3 }],
  heads: [
    { name: "violation", title: "Any violation", pages: 120, precision: 0.954, recall: 0.9, brier: 0.04 },
    { name: "gambling", title: "Gambling", pages: 60, precision: null, recall: 0, brier: 0.1 },
  ],
  suppressed: { to_review: 130, dismissed: 70, confirmed: 1, confirmed_domains: ["shop.example"] },
  raised: { confirmed: 50, other_class: 2, dismissed: 1 },
};
const URL = "/admin/local-reader";
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function overview(enabled: number | null, items = [VERSION, { ...VERSION, version: 1 }]) {
  return { enabled, items, total: items.length };
}

async function open(answer: unknown): Promise<VueWrapper> {
  rest.answers[`GET ${URL}`] = answer;
  rest.answers[`GET ${URL}/versions/2`] = REPORT;
  const global = rest.mounting();
  useMe().user = { id: "1", username: "admin", email: "a@corp.test", role: "admin", is_active: true, scan_priority: 0, created_at: "", last_login_at: null };
  const view = mount(AdminView, { props: { section: "reader" }, global, attachTo: document.body });
  await flushPromises();
  return view;
}

function buttons(text: string, within: ParentNode = document): HTMLButtonElement[] {
  return [...within.querySelectorAll("button")].filter((one) => one.textContent?.trim() === text);
}

async function press(text: string, within: ParentNode = document): Promise<void> {
  buttons(text, within)[0]!.click();
  await flushPromises();
}

const dialog = () => document.querySelector<HTMLElement>(".el-dialog")!;
const sent = () => rest.asked.filter(({ method }) => method === "PUT").map(({ body }) => body);

describe("the local reader", () => {
  test("says how it is taught while there is no version", async () => {
    const view = await open(overview(null, []));
    expect(view.text()).toContain(english("reader.untaught"));
    expect(view.text()).toContain("compliance reader train");
    expect(view.findAll("button")).toHaveLength(0);
  });

  test("tells in plain words how good a version is", async () => {
    const view = await open(overview(1));
    expect(view.find("[role=status]").text()).toContain("Version 1 is used");
    expect(view.find("[data-version='2']").text()).toContain(english("reader.sizes", { violating: 120, clean: 1_400, domains: 90 }));
    await press("Show the report");
    const report = view.find("[data-part=report]").text();
    expect(report).toContain(english("reader.would_suppress", { of: 130, right: 70 }));
    expect(report).toContain(english("reader.would_raise", { right: 50, other: 2, wrong: 1 }));
    expect(report).toContain("3 repeated pages (said by the server)");
    expect(view.find("[data-part=report] li.problem").text()).toContain("shop.example");
    expect(view.findAll("[data-part=report] tbody tr").map((row) => row.text().replace(/\s+/g, " "))).toEqual(["Any violation12095%90%", "Gambling60–0%"]);
  });

  test("is switched on out of its report, after a question", async () => {
    const view = await open(overview(null));
    expect(buttons("Enable")).toHaveLength(0);
    rest.answers[`PUT ${URL}`] = overview(2);
    await press("Show the report");
    await press("Enable", view.element as HTMLElement);
    expect(dialog().textContent).toContain("Enable version 2?");
    expect(sent()).toEqual([]);
    await press("Enable", dialog());
    expect(sent()).toEqual([{ version: 2 }]);
    expect(view.find("[role=status]").text()).toContain("Version 2 is used");
    expect(view.find("[data-version='2'] .now").exists()).toBe(true);
    expect(buttons("Enable", view.element as HTMLElement)).toHaveLength(0);
  });

  test("is switched off after a question", async () => {
    const view = await open(overview(2));
    rest.answers[`PUT ${URL}`] = overview(null);
    await press("Disable");
    await press("Disable", dialog());
    expect(sent()).toEqual([{ version: null }]);
    expect(view.find("[role=status]").text()).toContain(english("reader.none_on"));
  });

  test("stays as it is when the server refuses, which is said in the dialog", async () => {
    const view = await open(overview(null));
    rest.answers[`PUT ${URL}`] = Response.json({ status: 409, code: "reader_unusable", detail: "Refused: it is damaged." }, { status: 409 });
    await press("Show the report");
    await press("Enable", view.element as HTMLElement);
    await press("Enable", dialog());
    expect(dialog().querySelector("[role=alert]")!.textContent).toContain("it is damaged");
    expect(view.find("[role=status]").text()).toContain(english("reader.none_on"));
  });

  test("says when its report cannot be read", async () => {
    const view = await open(overview(null));
    rest.answers[`GET ${URL}/versions/2`] = problem(503, "database_unavailable");
    await press("Show the report");
    expect(view.text()).toContain(english("reader.report_failed"));
    expect(buttons("Enable")).toHaveLength(0);
  });
});

test("each section of the administration has an address, and nothing else has one there", () => {
  rest.mounting();
  const router = createPageRouter(useAccount());
  expect(ADMIN_SECTIONS.map((section) => router.resolve(`/admin/${section}`).name)).toEqual(ADMIN_SECTIONS.map(() => "admin"));
  expect(router.resolve("/admin/nothing").name).not.toBe("admin");
});

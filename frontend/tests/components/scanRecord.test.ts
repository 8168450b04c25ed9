// @vitest-environment happy-dom
/** Whose scan it is, and its legal hold. */

import { DOMWrapper, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import ScanRecord from "@/components/ScanRecord.vue";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";

import { english } from "../support/english";
import { FakeRest } from "../support/fakeRest";

const HOLD = { by: "admin", at: "2026-11-27T07:40:04.623Z", reason: "Case <b>1</b>" };
const body = new DOMWrapper(document.body);

async function show(role: "user" | "admin", hold: typeof HOLD | null, { mayHold = true, owner = null as string | null } = {}) {
  const rest = new FakeRest();
  rest.answers["GET /auth/me"] = { id: "u1", username: "mei", role };
  rest.answers["GET /tasks/t1"] = { id: "t1", owner, hold };
  rest.answers["PUT /tasks/t1/hold"] = {};
  rest.answers["DELETE /tasks/t1/hold"] = {};
  const mounting = rest.mounting();
  await useMe().read();
  const shown = mount(ScanRecord, { props: { taskId: "t1", domain: "corp.test", mayHold }, global: mounting, attachTo: document.body });
  await flushPromises();
  return { rest, shown };
}

beforeEach(() => setLanguage("en"));
afterEach(() => (document.body.innerHTML = ""));

test("a scan says whose it is, while it runs as well, and is then not to be held", async () => {
  const { shown } = await show("admin", null, { mayHold: false, owner: "<b>li</b>" });
  expect(shown.text()).toBe(english("task.owner", { name: "<b>li</b>" }));
  expect(shown.find("button").exists()).toBe(false);
});

describe("a legal hold", () => {
  test("says to everybody by whom and why, and only administrators change it", async () => {
    const { shown } = await show("user", HOLD);
    expect(shown.text()).toContain(english("hold.title"));
    expect(shown.find(".reason").text()).toBe("Case <b>1</b>");
    expect(shown.find("button").exists()).toBe(false);
    expect((await show("user", null)).shown.text()).toBe("");
  });

  test("is placed with a reason", async () => {
    const { rest, shown } = await show("admin", null);
    await shown.find(".place").trigger("click");
    await flushPromises();
    await body.find("#hold-reason").setValue("  Case 1 ");
    rest.answers["GET /tasks/t1"] = { id: "t1", hold: HOLD };
    await body.find("#hold-form").trigger("submit");
    await flushPromises();
    expect(rest.asked.find(({ method }) => method === "PUT")?.body).toEqual({ reason: "Case 1" });
    expect(shown.find(".hold").exists()).toBe(true);
  });

  test("is released when the reader is sure", async () => {
    const { rest, shown } = await show("admin", HOLD);
    await shown.find(".release").trigger("click");
    await flushPromises();
    expect(rest.asked.some(({ method }) => method === "DELETE")).toBe(false);
    rest.answers["GET /tasks/t1"] = { id: "t1", hold: null };
    await body.findAll(".el-dialog button").at(-1)?.trigger("click");
    await flushPromises();
    expect(rest.asked.some(({ method }) => method === "DELETE")).toBe(true);
    expect(shown.find(".hold").exists()).toBe(false);
  });
});

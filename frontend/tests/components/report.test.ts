// @vitest-environment happy-dom
/** The report in the page: in a frame without rights, in the language that is chosen, with the downloads beside it. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { REPORT_FORMATS } from "@/generated/contract";
import { switchSingleKeys } from "@/singleKeys";
import { setLanguage } from "@/texts";
import ReportMenu from "@/components/ReportMenu.vue";
import ReportView from "@/views/ReportView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  vi.restoreAllMocks();
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {}); // a download would lead this document away
  rest = new FakeRest();
  rest.answers = {
    "GET /tasks/t1": { id: "t1", target_domain: "corp.test" },
    "GET /tasks/t1/report": () => new Response("<p>report</p>", { headers: { "Content-Type": "text/html" } }),
  };
});

async function open(attempt: number | null = null) {
  const view = mount(ReportView, { props: { taskId: "t1", attempt }, global: rest.mounting() }); // in no document: its frame loads nothing
  await flushPromises();
  return view;
}

function reports() {
  return rest.asked.filter(({ path }) => path.endsWith("/report")).map(({ query }) => [query.get("format"), query.get("lang"), query.get("attempt")]);
}

test("it stands in a frame where nothing runs, and is let go of", async () => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:report");
  const revoked = vi.spyOn(URL, "revokeObjectURL");
  const view = await open(2);
  const frame = view.find("iframe");
  expect(frame.attributes("sandbox")).toBe("allow-same-origin allow-modals"); // with scripts, the first would be everything
  expect(frame.attributes("src")).toBe("blob:report");
  expect(reports()).toEqual([["html", "en", "2"]]);
  expect(view.find("h1").text()).toBe("Report corp.test");
  expect(view.find(".back a").attributes("href")).toBe("#/scans/t1?attempt=2");
  view.unmount();
  expect(revoked).toHaveBeenCalledWith("blob:report");
});

test("it is read in the language that is chosen, and so are the downloads", async () => {
  const view = await open();
  await view.find("select").setValue("zh-CN");
  await flushPromises();
  expect(reports()).toEqual([["html", "en", null], ["html", "zh-CN", null]]);
  const formats = view.findAll(".formats button");
  expect(formats).toHaveLength(REPORT_FORMATS.length);
  await formats[REPORT_FORMATS.indexOf("pdf" as never)]!.trigger("click");
  await flushPromises();
  expect(reports().at(-1)).toEqual(["pdf", "zh-CN", null]);
});

test("it follows the reader's language with one request: the server refuses a second one meanwhile", async () => {
  await open();
  setLanguage("zh-CN");
  await flushPromises();
  expect(reports()).toEqual([["html", "en", null], ["html", "zh-CN", null]]);
});

test("why there is none is said, and it can be asked for again", async () => {
  const ready = rest.answers["GET /tasks/t1/report"];
  rest.answers["GET /tasks/t1/report"] = problem(503, "reports_busy");
  const view = await open();
  expect(view.find("[data-state=failed] h1").text()).toBe(english("report.failed"));
  rest.answers["GET /tasks/t1/report"] = ready;
  await view.find("[data-state=failed] button").trigger("click");
  await flushPromises();
  expect(view.find("iframe").exists()).toBe(true);
});

test("the menu of reports is folded when what was asked for is there, and stays when it could not be", async () => {
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => undefined }));
  const menu = mount(ReportMenu, { props: { state: { taskId: "t1", targetDomain: "corp.test" } as never, attempt: null }, global: rest.mounting(), attachTo: document.body });
  const { element: details } = menu.find<HTMLDetailsElement>("details");
  details.open = true;
  const ready = rest.answers["GET /tasks/t1/report"];
  rest.answers["GET /tasks/t1/report"] = problem(503, "reports_busy");
  await menu.find(".formats button").trigger("click");
  await flushPromises();
  expect([details.open, menu.find(".problem").exists()]).toEqual([true, true]);
  rest.answers["GET /tasks/t1/report"] = ready;
  await menu.find(".formats button").trigger("click");
  await flushPromises();
  expect(details.open).toBe(false);
});

test("who has gone on while a report is made keeps the focus", async () => {
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => undefined }));
  const menu = mount(ReportMenu, { props: { state: { taskId: "t1", targetDomain: "corp.test" } as never, attempt: null }, global: rest.mounting(), attachTo: document.body });
  const field = document.body.appendChild(document.createElement("textarea"));
  const summary = menu.find("summary").element as HTMLElement;
  for (const goesOn of [true, false]) {
    menu.find<HTMLDetailsElement>("details").element.open = true;
    const button = menu.find(".formats button");
    (button.element as HTMLElement).focus();
    void button.trigger("click");
    if (goesOn) field.focus();
    await flushPromises();
    expect(menu.find<HTMLDetailsElement>("details").element.open).toBe(false);
    expect(document.activeElement).toBe(goesOn ? field : summary);
  }
  field.remove();
});

test("a key leads into the menu of reports, and Escape out of it", async () => {
  const state = { taskId: "t1", targetDomain: "corp.test" } as never;
  const menu = mount(ReportMenu, { props: { state, attempt: null }, global: rest.mounting(), attachTo: document.body });
  const { element: details } = menu.find<HTMLDetailsElement>("details");
  const field = document.body.appendChild(document.createElement("input"));
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "r", bubbles: true })); // somebody types
  expect(details.open).toBe(false);
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "r", cancelable: true }));
  expect(details.open).toBe(true);
  expect(document.activeElement).toBe(menu.find("a").element);
  await menu.find("a").trigger("keydown", { key: "Escape" });
  expect(details.open).toBe(false);
  expect(document.activeElement).toBe(menu.find("summary").element);
  expect(menu.find("summary").attributes("aria-keyshortcuts")).toBe("r");
  switchSingleKeys(false);
  await flushPromises();
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "r", cancelable: true }));
  expect(details.open).toBe(false);
  expect(menu.find("summary").attributes("aria-keyshortcuts")).toBeUndefined();
  expect(menu.find("kbd").exists()).toBe(false);
  switchSingleKeys(true);
  field.remove();
});

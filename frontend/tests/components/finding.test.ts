// @vitest-environment happy-dom
/** A finding with its evidence: hostile texts stay text, and nobody sees a screenshot who did not ask for it. */

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { DecisionRequest } from "@/generated/rest";
import FindingView from "@/views/FindingView.vue";
import { setLanguage, textIn } from "@/texts";
import { dayOf, formatDay } from "@/texts/format";

import { english } from "../support/english";
import { FakeRest, problem, type Asked } from "../support/fakeRest";
import { CASINO, HOME, HOSTILE, PARTNER, SHA, capture, decision, finding, reference } from "../support/finding";

const ADDRESS = "GET /tasks/t1/findings/gambling.casino.test";
const PICTURE = `GET /tasks/t1/captures/${SHA}`;
let rest: FakeRest;
let made: string[];
const { createObjectURL, revokeObjectURL } = URL;

beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  made = [];
  URL.createObjectURL = () => {
    made.push(`blob:${made.length}`);
    return made.at(-1)!;
  };
  URL.revokeObjectURL = (address) => void (made = made.filter((one) => one !== address));
  rest.answers[PICTURE] = new Response("x", { headers: { "Content-Type": "image/jpeg" } });
});
enableAutoUnmount(afterEach);
afterEach(() => Object.assign(URL, { createObjectURL, revokeObjectURL }));

async function open(attempt: number | null = null) {
  const view = mount(FindingView, { props: { taskId: "t1", findingId: "gambling.casino.test", attempt }, global: rest.mounting() });
  await flushPromises();
  return view;
}

describe("a finding", () => {
  test("shows where it is, why, how it is hidden and what to do, and nothing of it is markup", async () => {
    rest.answers[ADDRESS] = finding({ references: [reference(1), reference(2)] });
    const view = await open();
    for (const said of ["casino.test", HOSTILE, "in a tiny box", "the site's own content", "Remove the link.", "+60", "-5", "55", "Sum: high", "html > body > a", "97%"]) {
      expect(view.text()).toContain(said);
    }
    expect(view.findAll("img").map((picture) => picture.attributes("src"))).toEqual(["blob:0"]);
    expect(view.findAll("b, script")).toHaveLength(0);
    expect(view.findAll("a").map((link) => link.attributes("href"))).toEqual(["#/scans/t1", "#/scans/t1/pages/1", "#/scans/t1/pages/1"]);
    expect(document.title).toContain("casino.test");
  });

  test("marks the terms in their context and the address in the source", async () => {
    rest.answers[ADDRESS] = finding();
    const marks = (await open()).findAll("mark").map((mark) => mark.text());
    expect(marks).toEqual(["BACCARAT", PARTNER]);
  });

  test("says where the element with the link stands in the source, marks it and what hides it, and copies the excerpt", async () => {
    const [hider, link] = ["<div hidden>", `<a href="${PARTNER}">x</a>`];
    const excerpt = `😀<p>${hider}${link}</div></p>`;
    const start = [...excerpt.split(hider)[0]!].length;
    const middle = start + hider.length;
    const marks = [{ start, end: middle }, { start: middle, end: middle + link.length }, { start: middle + link.length, end: middle + link.length + 6 }];
    rest.answers[ADDRESS] = finding({ evidence: [], references: [reference(1, { source: { excerpt, offset: 12, line: 9, column: 5, marks } })] });
    const view = await open();
    const figure = view.find(".references figure");
    expect(figure.find("figcaption").text()).toContain(english("reference.source_place", { line: 9, column: 5 }));
    expect(figure.findAll("mark").map((mark) => mark.text())).toEqual([hider, link, "</div>"]);
    expect(figure.find("pre").text()).toBe(excerpt);
    const written = vi.spyOn(navigator.clipboard, "writeText");
    await figure.find("button").trigger("click");
    expect(written).toHaveBeenCalledWith(excerpt);
  });

  test("quotes an element of our page whole where its stored source has it, and else says that it is cut", async () => {
    const [snippet, link] = [`<a href="${PARTNER}">Casino`, `<a  href='${PARTNER}'>Casino</a>`];
    const [item] = finding().evidence;
    const evidence = [{ ...item!, url: `${HOME}1`, snippet, offset: null }, { ...item!, url: `${HOME}2`, snippet, offset: null }];
    const source = { excerpt: `<i hidden>${link}</i>`, offset: 0, line: 1, column: 11, marks: [{ start: 0, end: 10 }, { start: 10, end: 10 + link.length }] };
    rest.answers[ADDRESS] = finding({ evidence, references: [reference(1, { snippet, source }), reference(2, { snippet, source: null })] });
    const view = await open();
    expect(view.findAll(".list pre").map((quoted) => quoted.text())).toEqual([link, `${snippet}…`, source.excerpt, `${snippet}…`]);
  });

  test("leads from what to do to where it stands in the page", async () => {
    rest.answers[ADDRESS] = finding();
    const view = mount(FindingView, { props: { taskId: "t1", findingId: "gambling.casino.test", attempt: null }, global: rest.mounting(), attachTo: document.body });
    await flushPromises();
    await view.findAll("button").find((button) => button.text() === english("finding.to_references"))!.trigger("click");
    expect(document.activeElement).toBe(view.find(".references").element);
  });

  test("that stands on no page leads nowhere", async () => {
    rest.answers[ADDRESS] = finding({ references: [], reference_count: 0 });
    expect((await open()).text()).not.toContain(english("finding.to_references"));
  });

  test("shows the way from our page over the partner to the casino", async () => {
    rest.answers[ADDRESS] = finding();
    const view = await open();
    expect(view.findAll(".step").map((step) => step.find(".role").text())).toEqual(["This site", "Intermediate third party", "Destination"]);
    expect(view.findAll(".step code").map((code) => code.text())).toEqual([HOME, PARTNER, CASINO]);
  });

  test("says what loaded a request of a rendered page", async () => {
    rest.answers[ADDRESS] = finding({ references: [reference(1, { loaded_by: ["https://tags.test/t.js", HOME] })] });
    expect((await open()).find(".references").text()).toContain(`${english("reference.loaded_by")}https://tags.test/t.js\n${HOME}`);
  });

  test("of an attempt is asked for, and leads back to that attempt", async () => {
    rest.answers[ADDRESS] = finding();
    const view = await open(2);
    expect(rest.asked[0]!.query.get("attempt")).toBe("2");
    expect(view.find("a").attributes("href")).toBe("#/scans/t1?attempt=2");
  });

  test("comes in the other language, references included, when the reader changes it", async () => {
    rest.answers[ADDRESS] = ({ headers }: { headers: Headers }) =>
      finding({ references: [reference(1, { relation_name: headers.get("Accept-Language") === "en" ? "link" : "链接" })] });
    const view = await open();
    setLanguage("zh-CN");
    await flushPromises();
    expect(view.find(".references").text()).toContain("链接 · a[href]");
    expect(view.text()).not.toMatch(/Recommended action|Matched terms/);
  });
});

test("a factor that adds nothing to the risk is left out", async () => {
  rest.answers[ADDRESS] = finding();
  const view = await open();
  expect(view.findAll(".sum .points").map((cell) => cell.text())).toEqual(["+60", "-5", "55"]);
});

describe("the way back", () => {
  test("leads to the list as it was filtered, of the attempt that is shown", async () => {
    rest.answers[ADDRESS] = finding();
    const view = mount(FindingView, { props: { taskId: "t1", findingId: "gambling.casino.test", attempt: 2 }, global: rest.mounting() });
    await view.vm.$router.push({ path: "/scans/t1/findings/gambling.casino.test", query: { attempt: "2", kind: "gambling", host: "casino", pages: "2", other: "x" } });
    await flushPromises();
    expect(view.find(".back a").attributes("href")).toBe("#/scans/t1?kind=gambling&host=casino&pages=2&attempt=2");
  });
});

test("times of evidence have their year and zone, and are told to the second", async () => {
  rest.answers[ADDRESS] = finding();
  const view = await open();
  const times = view.findAll("time");
  expect(times.map((time) => [time.text(), time.attributes("datetime")])).toEqual([
    ["2026-11-27 02:00:00 UTC", "2026-11-27T02:00:00Z"], // found
    ["2026-11-27 02:00:00 UTC", "2026-11-27T02:00:00Z"], // captured
  ]);
  for (const time of times) expect(time.attributes("title")).toMatch(/2026.*(UTC|GMT)/);
});

test("the evidence of the finding alone is saved as an archive and as PDF, and why not is said", async () => {
  const names: string[] = [];
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { names.push(this.download); });
  rest.answers[ADDRESS] = finding();
  rest.answers["GET /tasks/t1/report"] = new Response("x", { headers: { "Content-Type": "application/zip", "Content-Disposition": 'attachment; filename="compliance-corp.test-2-one.zip"' } });
  const view = await open(2);
  for (const button of view.findAll(".files button")) {
    await button.trigger("click");
    await flushPromises();
  }
  expect(rest.asked.filter(({ path }) => path.endsWith("/report")).map(({ query }) => query.toString())).toEqual([
    "format=zip&attempt=2&finding=gambling.casino.test", "format=pdf&attempt=2&finding=gambling.casino.test",
  ]);
  expect(names).toEqual(["compliance-corp.test-2-one.zip", "compliance-corp.test-2-one.zip"]);
  rest.answers["GET /tasks/t1/report"] = problem(503, "reports_busy");
  await view.find(".files button").trigger("click");
  await flushPromises();
  expect(view.find(".files [role=alert]").text()).not.toBe("");
  click.mockRestore();
});

describe("a screenshot", () => {
  test("is blurred until it is clicked, fetched with the token in a header, and let go of", async () => {
    rest.answers[ADDRESS] = finding();
    const view = await open();
    const button = view.find(".screenshot");
    expect(button.attributes("data-shown")).toBe("false");
    expect(button.text()).toBe("Show screenshot");
    await button.trigger("click");
    expect(view.find(".screenshot").attributes()).toMatchObject({ "data-shown": "true", "aria-pressed": "true" });
    const asked = rest.asked.find(({ path }) => path.includes("captures"))!;
    expect(asked.headers.get("Authorization")).toBe("Bearer secret-token");
    expect([...asked.query.values()].join()).not.toContain("secret");
    expect(made).toEqual(["blob:0"]);
    view.unmount();
    expect(made).toEqual([]);
  });

  test("is saved as it was stored, under a name that says what it shows and when", async () => {
    const names: string[] = [];
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { names.push(this.download); });
    rest.answers[ADDRESS] = finding({ captures: [capture({ source: { sha256: SHA, href: "/x" }, captured_at: null }), capture()] });
    const view = await open();
    for (const button of view.findAll(".kept .save")) await button.trigger("click");
    await flushPromises();
    expect(names).toEqual(["casino.test-screenshot-19b99580.jpg", "casino.test-source-19b99580.html.txt", "casino.test-screenshot-2026-11-27-020000Z-19b99580.jpg"]);
    expect(rest.asked.filter(({ path, query }) => path.includes("captures") && query.get("stored") === "true")).toHaveLength(3);
    click.mockRestore();
  });

  test("that is no picture is not shown", async () => {
    rest.answers[ADDRESS] = finding();
    rest.answers[PICTURE] = new Response("<svg onload=alert(1)>", { headers: { "Content-Type": "image/svg+xml" } });
    const view = await open();
    expect(view.find("img").exists()).toBe(false);
    expect(view.find(".frame").text()).toContain("could not be loaded");
  });

  test("that was not kept is said to be none", async () => {
    rest.answers[ADDRESS] = finding({ captures: [capture({ screenshot: null, dead: true })] });
    const view = await open();
    expect(view.find(".captures").text()).toMatch(/the domain does not exist[\s\S]*Screenshotnone/);
  });
});

describe("the pages that refer to it", () => {
  const list = "GET /tasks/t1/references";

  test("come ten at a time, then page by page, each once", async () => {
    const all = Array.from({ length: 70 }, (_, index) => reference(index + 1));
    rest.answers[ADDRESS] = finding({ references: all.slice(20, 35), reference_count: 70 });
    rest.answers[list] = ({ query }: { query: URLSearchParams }) => {
      const from = (Number(query.get("page")) - 1) * 50;
      return { items: all.slice(from, from + 50), total: 70, truncated: false, attempt: 1 };
    };
    const view = await open();
    const more = () => view.findAll(".references button").find((button) => button.text().startsWith("Show more"));
    expect(view.findAll(".references li .reference")).toHaveLength(10);
    await more()!.trigger("click");
    await flushPromises();
    expect(view.findAll(".references li .reference")).toHaveLength(15);
    await more()!.trigger("click");
    await flushPromises();
    await more()?.trigger("click");
    await flushPromises();
    expect(view.findAll(".references li .reference")).toHaveLength(70);
    expect(more()).toBeUndefined();
  });

  test("that cannot be read are said to be so, and can be asked for again", async () => {
    rest.answers[ADDRESS] = finding({ references: Array.from({ length: 10 }, (_, index) => reference(index + 1)), reference_count: 12 });
    rest.answers[list] = problem(503, "unavailable");
    const view = await open();
    await view.findAll(".references button").find((button) => button.text().startsWith("Show more"))!.trigger("click");
    await flushPromises();
    expect(view.find(".references [role=alert]").text()).toBe(english("error.unavailable"));
  });
});

describe("what is not there", () => {
  test("is said while it loads, when there is none, when it is forbidden, and when reading fails", async () => {
    const states: [unknown, string][] = [[null, "gone"], [problem(403, "forbidden"), "forbidden"], [problem(503, "unavailable"), "failed"]];
    for (const [answer, state] of states) {
      rest.answers[ADDRESS] = answer;
      expect((await open()).find("[data-state]").attributes("data-state")).toBe(state);
    }
    rest.answers[ADDRESS] = () => new Promise(() => {});
    expect((await open()).find("[data-state]").attributes("data-state")).toBe("loading");
  });

  test("is read again when the reader asks for it", async () => {
    rest.answers[ADDRESS] = problem(503, "unavailable");
    const view = await open();
    rest.answers[ADDRESS] = finding();
    await view.find("button").trigger("click");
    await flushPromises();
    expect(view.find("h1").text()).toBe("casino.test");
  });
});

describe("a decision", () => {
  const DECIDE = "PUT /tasks/t1/findings/gambling.casino.test/decision";
  const sent = () => rest.asked.filter(({ method }) => method === "PUT").map(({ body }) => body);

  async function press(key: string) {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await flushPromises();
  }

  beforeEach(() => {
    rest.answers[ADDRESS] = finding();
    rest.answers[DECIDE] = ({ body }: Asked) => {
      const { state, reason, expires_on = null, version } = body as DecisionRequest & { version: number };
      return decision({ state, reason: reason ?? null, expires_on, version: version + 1 });
    };
  });

  test("is made by keyboard, shown with who made it, and taken back to what was before", async () => {
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "mending", version: 4 }), state: "mending" });
    const view = await open();
    expect(view.find(".decision").text()).toContain("Fix in progress by mei");
    await press("c");
    expect(view.find(".decision").attributes("data-decision")).toBe("confirmed");
    await press("u");
    expect(view.find(".decision").attributes("data-decision")).toBe("mending");
    await press("u"); // nothing else was done here
    expect(view.find(".decision").attributes("data-decision")).toBe("mending");
    await press("o");
    expect(view.find(".decision").attributes("data-decision")).toBe("open");
    await press("o");
    expect(sent().map((body) => Object.values(body as object))).toEqual([["confirmed", null, 4], ["mending", null, 5], ["open", null, 6]]);
  });

  test("is offered to be taken back, and a button opens the finding again by a key of its own", async () => {
    const view = await open();
    await press("c");
    expect(view.find(".done").text()).toContain(english("review.decided", { domain: "casino.test", state: english("decision.confirmed") }));
    expect(view.findAll("[aria-keyshortcuts=u]").map((button) => button.classes())).toEqual([["undo"]]);
    expect(view.find(".decision [aria-keyshortcuts=o]").text()).toContain(english("decision.reopen"));
    await view.find(".done .undo").trigger("click");
    await flushPromises();
    expect(sent().map((body) => Object.values(body as object))).toEqual([["confirmed", null, 0], ["open", null, 1]]);
  });

  test("that no longer applies leaves the finding open, as the server says", async () => {
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "dismissed", reason: "ours", holds: false, version: 3 }), state: "open" });
    const view = await open();
    expect(view.find(".decision").attributes("data-decision")).toBe("open");
    expect(view.find(".decision .tag").text()).toBe("Open");
    await press("c");
    expect(view.find(".decision .tag").text()).toBe("Confirmed");
    await press("u");
    expect(sent().map((body) => Object.values(body as object))).toEqual([["confirmed", null, 3], ["open", null, 4]]);
  });

  test("to dismiss needs a reason, which stays text", async () => {
    const view = await open();
    await press("d");
    expect(view.find("form button[type=submit]").attributes("disabled")).toBeDefined();
    await view.find("form input").setValue(HOSTILE);
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([{ state: "dismissed", reason: HOSTILE, version: 0 }]);
    expect(view.find(".reason").text()).toBe(HOSTILE);
  });

  test.each([["decision.in_30_days", 30], ["decision.in_90_days", 90], ["decision.in_1_year", 365]] as const)("to dismiss can expire: %s", async (name, days) => {
    const view = await open();
    await press("d");
    expect(view.find<HTMLSelectElement>("select[name=expiry]").element.value).toBe("decision.never");
    await view.find("form input").setValue("ours");
    await view.find("select[name=expiry]").setValue(name);
    const day = dayOf(new Date(), days);
    expect(view.find("form").text()).toContain(english("decision.expires_more", { day: formatDay(day, "en") }));
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([{ state: "dismissed", reason: "ours", expires_on: day, version: 0 }]);
    expect(view.find(".decision .tag").text()).toBe(english("decision.dismissed_until", { day: formatDay(day, "en") }));
  });

  test("to dismiss can expire on any day in the future, and on none that has come", async () => {
    const view = await open();
    await press("d");
    await view.find("form input").setValue("ours");
    await view.find("select[name=expiry]").setValue("decision.on_a_day");
    const day = view.find<HTMLInputElement>("input[type=date]");
    expect(day.attributes("min")).toBe(dayOf(new Date(), 1));
    for (const wrong of ["", dayOf(new Date()), "2200-01-01"]) {
      await day.setValue(wrong);
      await view.find("form").trigger("submit");
      expect(sent()).toEqual([]);
      expect(view.find("form button[type=submit]").attributes("disabled")).toBeDefined();
    }
    await day.setValue("2199-12-31");
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([{ state: "dismissed", reason: "ours", expires_on: "2199-12-31", version: 0 }]);
  });

  test("that dismissed until a day is taken back to that day", async () => {
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "dismissed", reason: "ours", expires_on: "2199-01-01", version: 3 }), state: "dismissed" });
    const view = await open();
    await press("c");
    await press("u");
    expect(sent().at(-1)).toEqual({ state: "dismissed", reason: "ours", expires_on: "2199-01-01", version: 4 });
    expect(view.find(".decision .tag").text()).toContain("2199");
  });

  test("that dismissed until a day and no longer applies is offered again with that day", async () => {
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "dismissed", reason: "ours", expires_on: "2199-01-01", holds: false, version: 3 }), state: "open" });
    const view = await open();
    expect(view.find(".decision").text()).toContain(english("decision.lapsed"));
    await press("d");
    expect(view.find<HTMLInputElement>("input[type=date]").element.value).toBe("2199-01-01");
  });

  test.each([[30, "decision.in_30_days"], [90, "decision.in_90_days"], [12, "decision.on_a_day"]] as const)("that has expired after %i days is offered again for as long", async (days, name) => {
    const decided_at = `${dayOf(new Date(), -100)}T23:30:00.000Z`;
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "dismissed", reason: "ours", decided_at, expires_on: dayOf(new Date(), days - 100), holds: false, expired: true, version: 3 }), state: "open" });
    const view = await open();
    await press("d");
    expect(view.find<HTMLSelectElement>("select[name=expiry]").element.value).toBe(name);
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([{ state: "dismissed", reason: "ours", expires_on: dayOf(new Date(), days), version: 3 }]);
  });

  test.each(["en", "zh-CN"] as const)("that has expired says so, and can be dismissed again without a day (%s)", async (language) => {
    setLanguage(language);
    rest.answers[ADDRESS] = finding({ decision: decision({ state: "dismissed", reason: "ours", expires_on: "2026-11-30", holds: false, expired: true, version: 3 }), state: "open" });
    const view = await open();
    const [expired, lapsed, open_] = (["decision.expired", "decision.lapsed", "decision.open"] as const).map((name) => textIn(language, name, { day: formatDay("2026-11-30", language) }));
    expect(view.find(".decision").text()).toContain(expired);
    expect(view.find(".decision").text()).not.toContain(lapsed);
    expect(view.find(".decision .tag").text()).toBe(open_);
    await press("d");
    await view.find("select[name=expiry]").setValue("decision.never");
    await view.find("form").trigger("submit");
    await flushPromises();
    expect(sent()).toEqual([{ state: "dismissed", reason: "ours", version: 3 }]);
  });

  test("of somebody else in between is said, and shown", async () => {
    rest.answers[DECIDE] = problem(409, "decision_changed");
    const view = await open();
    rest.answers[ADDRESS] = finding({ decision: decision({ decided_by: "li", version: 2 }), state: "confirmed" });
    await press("c");
    expect(view.find(".decision [role=alert]").text()).toBe(english("error.decision_changed"));
    expect(view.find(".decision").text()).toContain("Confirmed by li");
  });
});

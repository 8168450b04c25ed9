// @vitest-environment happy-dom
/** The configuration: what is marked, what is sent, and what becomes of it when the server refuses. */

import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { amountOf, changesOf, differenceOf, draftOf, rebased, valuesOf } from "@/components/admin/configuration/configurationForm";
import type { ConfigurationResponse, SettingResponse } from "@/generated/rest";
import { useMe } from "@/stores/me";
import { setLanguage } from "@/texts";
import AdminView from "@/views/AdminView.vue";

import { english } from "../support/english";
import { FakeRest, problem } from "../support/fakeRest";

const PUT = "PUT /admin/configuration";
let rest: FakeRest;
enableAutoUnmount(afterEach);
beforeEach(() => {
  setLanguage("en");
  rest = new FakeRest();
  document.body.innerHTML = "";
});

function setting(name: string, more: Partial<SettingResponse> = {}): SettingResponse {
  return {
    name, group: "limits", title: `Title of ${name}`, description: "What it does.", kind: "integer", is_nullable: false, value: 2, default: 2,
    is_stored: false, lock: null, variable: `COMPLIANCE_${name.toUpperCase()}`, unit: null, least: 1, is_least_excluded: false, most: 64,
    needs_restart: false, waits_for_restart: false, stored: more.is_stored ? (more.value ?? null) : null, ...more,
  };
}

const LIST: Partial<SettingResponse> = { group: "targets", kind: "list", value: [], default: [], least: null, most: null };
function configuration(more: Partial<ConfigurationResponse> = {}): ConfigurationResponse {
  return {
    version: 3, changed_at: "2026-01-01T00:00:00Z", changed_by: "wang", is_refused: false, has_model_key: false,
    settings: [
      setting("scans_per_user", { value: 4, is_stored: true }),
      setting("max_concurrent_scans", { lock: "environment", value: 9 }),
      setting("reports_at_once", { needs_restart: true }),
      setting("blocked_targets", { ...LIST, value: ["a.example", "b.example"], is_stored: true }),
      setting("default_max_depth", { group: "scan_defaults", is_nullable: true, value: null, default: null, least: 0, most: 100 }),
      setting("default_cloaking", { group: "scan_defaults", kind: "boolean", value: true, default: true, least: null, most: null }),
      setting("reading_model_name", { group: "reading_model", kind: "text", is_nullable: true, value: "m", default: null, is_stored: true, least: null, most: null }),
    ],
    ...more,
  };
}

const VERSION = {
  version: 2, at: "2026-01-01T00:00:00Z", by: "li", restored_from: null,
  changes: [{ name: "scans_per_user", before: null, after: 3 }, { name: "blocked_targets", before: ["old.example"], after: ["a.example"] }],
};

async function open(now = configuration()): Promise<VueWrapper> {
  rest.answers["GET /admin/configuration"] ??= now;
  rest.answers["GET /admin/configuration/versions"] ??= { items: [{ ...VERSION, version: 3, by: "wang", changes: [] }, VERSION], total: 2 };
  const global = rest.mounting();
  useMe().user = { id: "1", username: "admin", email: "a@corp.test", role: "admin", is_active: true, scan_priority: 0, created_at: "", last_login_at: null };
  const view = mount(AdminView, { props: { section: "configuration" }, global, attachTo: document.body });
  await flushPromises();
  return view;
}

async function fill(name: string, value: string): Promise<void> {
  const input = document.getElementById(`setting-${name}`) as HTMLInputElement;
  input.value = value;
  input.dispatchEvent(new Event("input"));
  await flushPromises();
}

async function press(text: string, within: ParentNode = document): Promise<void> {
  const button = [...within.querySelectorAll("button")].find((one) => one.textContent?.trim() === text && !one.disabled);
  expect(button, text).toBeDefined();
  button!.click();
  await flushPromises();
}

async function review(): Promise<HTMLElement> {
  document.querySelector("form.groups")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await flushPromises();
  return document.querySelector<HTMLElement>(".el-dialog")!;
}

const sent = () => rest.asked.filter(({ method }) => method === "PUT").map(({ body }) => body);

describe("the form", () => {
  test("marks what is changed, shows it before saving, and sends all that is to be stored", async () => {
    rest.answers[PUT] = configuration({ version: 4, settings: [setting("scans_per_user", { value: 8, is_stored: true })] });
    const view = await open();
    expect(view.findAll("[data-changed=true]")).toHaveLength(0);
    await fill("scans_per_user", " 8 ");
    await fill("blocked_targets", "b.example\n\nc.example, b.example");
    expect(view.findAll("[data-changed=true]")).toHaveLength(2);
    const dialog = await review();
    const rows = [...dialog.querySelectorAll("[data-name] dd")].map((row) => row.textContent?.replace(/\s+/g, " ").trim());
    expect(rows).toEqual(["4 → 8", "Removed: a.exampleAdded: c.example"]);
    expect(sent()).toEqual([]);
    await press("Save", dialog);
    expect(sent()).toEqual([{ version: 3, values: { scans_per_user: 8, blocked_targets: ["b.example", "c.example"], reading_model_name: "m" } }]);
    expect(view.text()).toContain("Saved.");
    expect(view.findAll("[data-changed=true]")).toHaveLength(0);
  });

  test("does not let what the environment sets be changed, and says why", async () => {
    const view = await open();
    const locked = view.find("#setting-max_concurrent_scans");
    expect((locked.element as HTMLInputElement).disabled).toBe(true);
    expect((locked.element as HTMLInputElement).value).toBe("9");
    expect(view.text()).toContain("COMPLIANCE_MAX_CONCURRENT_SCANS");
    expect(valuesOf(configuration(), draftOf(configuration()))).not.toHaveProperty("max_concurrent_scans");
  });

  test("takes a setting back to its default", async () => {
    rest.answers[PUT] = configuration();
    await open();
    document.querySelector<HTMLElement>(`[aria-label="${english("configuration.to_default_of", { name: "Title of scans_per_user" })}"]`)!.click();
    await flushPromises();
    await press("Save", await review());
    expect(sent()[0]).toEqual({ version: 3, values: { blocked_targets: ["a.example", "b.example"], reading_model_name: "m" } });
  });

  test("says at the field what the server refuses, and keeps what was written", async () => {
    const errors = [{ field: "body.values.scans_per_user", code: "less_than_equal", message: "at most 64 (said by the server)" }];
    rest.answers[PUT] = Response.json({ status: 422, code: "invalid_input", detail: "no", errors }, { status: 422 });
    const view = await open();
    await fill("scans_per_user", "99");
    await press("Save", await review());
    expect(view.find("[data-problem=true]").text()).toContain("at most 64 (said by the server)");
    expect(view.find(".save [role=status]").text()).toBe(english("configuration.refused_values", { count: 1 }));
    expect(document.activeElement?.id).toBe("setting-scans_per_user");
    expect((document.getElementById("setting-scans_per_user") as HTMLInputElement).value).toBe("99");
  });

  test("shows the newest version to who was slower, with their changes on it", async () => {
    rest.answers[PUT] = problem(409, "configuration_changed");
    const view = await open();
    await fill("scans_per_user", "8");
    const dialog = await review();
    await press("Save", dialog);
    expect(dialog.textContent).toContain(english("error.configuration_changed"));
    const [first, ...others] = configuration().settings;
    rest.answers["GET /admin/configuration"] = configuration({ version: 4, settings: [{ ...first!, value: 5, stored: 5 }, ...others] });
    rest.answers[PUT] = configuration({ version: 5 });
    await press("Show the newest version", dialog);
    expect(dialog.querySelector("[data-name] dd")!.textContent).toBe("5 → 8");
    await press("Save", dialog);
    expect(sent().at(-1)).toMatchObject({ version: 4, values: { scans_per_user: 8 } });
    expect(view.text()).toContain("Saved.");
  });

  test("keeps what was changed when the language changes", async () => {
    await open();
    await fill("scans_per_user", "8");
    setLanguage("zh-CN");
    await flushPromises();
    expect(rest.count("GET", "/admin/configuration")).toBe(2);
    expect((document.getElementById("setting-scans_per_user") as HTMLInputElement).value).toBe("8");
  });

  test("says that the server's environment contradicts the version", async () => {
    const view = await open(configuration({ is_refused: true }));
    expect(view.find("[role=alert]").text()).toContain(english("configuration.refused"));
  });

  test("saves what is stored beside a change, not what is in effect where the version is refused", async () => {
    const settings = [setting("scans_per_user", { value: 2, stored: 7, is_stored: true }), setting("max_concurrent_scans")];
    rest.answers[PUT] = configuration({ version: 4 });
    await open(configuration({ is_refused: true, settings }));
    expect((document.getElementById("setting-scans_per_user") as HTMLInputElement).value).toBe("7");
    await fill("max_concurrent_scans", "9");
    await press("Save", await review());
    expect(sent()).toEqual([{ version: 3, values: { scans_per_user: 7, max_concurrent_scans: 9 } }]);
  });
});

describe("the history", () => {
  test("tells who changed what, and leads back", async () => {
    rest.answers["POST /admin/configuration/versions/2/restore"] = configuration({ version: 4 });
    const view = await open();
    const [newest, older] = view.findAll(".version");
    expect(newest!.text()).toContain("in effect");
    expect(newest!.find("button").exists()).toBe(false);
    expect(older!.text()).toContain("li");
    expect(older!.text()).toContain("Default: 2 → 3");
    expect(older!.text()).toContain("Removed: old.example");
    await older!.find("button").trigger("click");
    await flushPromises();
    await press("Restore", document.querySelector(".el-dialog__footer")!);
    expect(rest.asked.find(({ method }) => method === "POST")!.body).toEqual({ version: 3 });
    expect(view.text()).toContain("Version 4");
  });
});

describe("the reading model", () => {
  test("is asked as it is saved, and what came of it is said", async () => {
    const answers = [{ is_answered: true, model: "m", latency_ms: 12, failure: null, message: "It answered (said by the server)." }];
    rest.answers["POST /admin/configuration/reading-model/test"] = () => answers.shift() ?? problem(429, "rate_limited");
    const view = await open();
    await press(english("configuration.test"));
    expect(view.find(".answered").text()).toBe("It answered (said by the server).");
    await press(english("configuration.test"));
    expect(view.find(".test [role=alert]").text()).toBe("rate_limited");
    await fill("reading_model_name", "other");
    expect((view.find(".ask button").element as HTMLButtonElement).disabled).toBe(true);
  });
});

describe("lists", () => {
  const GOOD = {
    name: "phishing", kind: "block", category: "fraud", source: "https://lists.example/a.txt", format: "auto", read_as: "domains", date: "2026-01-01", fetched_at: "2026-01-01T00:00:00Z",
    sha256: "ab".repeat(32), entries: 18204, duplicates: 0, refused: [{ reason: "known_service", reason_text: "A well-known service.", count: 12 }, { reason: "port", reason_text: "A port.", count: 3 }],
    examples: [{ line: 412, text: "cdn.example.net", reason: "known_service", reason_text: "A well-known service." }], checked_at: "2026-01-01T01:00:00Z", took_s: 1, fault: null, fault_text: null, failing_since: null, shrunk_to: null, is_taken: false,
  };
  const NEW = { ...GOOD, name: "new", kind: "allow", read_as: null, date: null, fetched_at: null, sha256: null, entries: null, duplicates: null, refused: [], examples: [], checked_at: null, took_s: null };
  const GONE = { ...NEW, name: "gone", fault: "status", fault_text: "The source returned 404.", checked_at: "2026-01-01T01:00:00Z", failing_since: "2026-01-01T00:30:00Z" };
  const LISTS = () => configuration({ settings: [setting("reputation_lists", { ...LIST, group: "lists" })] });
  const said = (name: string) => document.querySelector(`[data-list=${name}]`)!.textContent!.replaceAll(/\s+/g, " ");

  test("stand below their setting with what is in effect, what is not used and what is wrong", async () => {
    rest.answers["GET /admin/lists"] = { items: [GOOD, NEW, GONE], total: 3 };
    await open(LISTS());
    expect(said("phishing")).toContain(english("lists.entries", { count: 18_204, date: "2026-01-01" }));
    expect(said("phishing")).toContain(english("lists.refused", { count: 15 }));
    expect(document.querySelector<HTMLLIElement>(".examples li")!.value).toBe(412);
    expect(said("phishing")).toContain("cdn.example.net");
    expect(said("new")).toContain("Not loaded yet.");
    expect(said("gone")).toContain("The source returned 404.");
    expect(document.querySelectorAll("[data-fault]")).toHaveLength(1);
  });

  test("that have shrunk are taken as they were shown, after a question", async () => {
    const SHRUNK = { ...GOOD, fault: "shrunk", fault_text: "It has shrunk.", failing_since: "2026-01-01T00:30:00Z", shrunk_to: 412 };
    rest.answers["GET /admin/lists"] = { items: [SHRUNK, GONE], total: 2 };
    rest.answers["POST /admin/lists/phishing/take-shrunk"] = () => {
      rest.answers["GET /admin/lists"] = { items: [{ ...SHRUNK, is_taken: true }, GONE], total: 2 };
      return SHRUNK;
    };
    await open(LISTS());
    expect(document.querySelectorAll(".lists .list button")).toHaveLength(1);
    await press(english("lists.take", { count: 412 }));
    const dialog = [...document.querySelectorAll<HTMLElement>(".el-dialog")].find((one) => one.textContent!.includes(english("lists.take_title", { name: "phishing" })))!;
    expect(dialog.textContent).toContain(english("lists.take_more", { now: 18_204, count: 412 }));
    expect(rest.count("POST", "/admin/lists/phishing/take-shrunk")).toBe(0);
    await press(english("lists.take_it"), dialog);
    expect(rest.asked.find(({ method }) => method === "POST")!.body).toEqual({ entries: 412 });
    expect(said("phishing")).toContain(english("lists.taken"));
    expect(document.querySelectorAll(".lists .list button")).toHaveLength(0);
  });

  test("that are not any more as they were shown are shown anew", async () => {
    rest.answers["GET /admin/lists"] = { items: [{ ...GOOD, fault: "shrunk", fault_text: "It has shrunk.", failing_since: "2026-01-01T00:30:00Z", shrunk_to: 1 }], total: 1 };
    await open(LISTS());
    await press(english("lists.take", { count: 1 }));
    rest.answers["POST /admin/lists/phishing/take-shrunk"] = problem(409, "list_not_shrunk");
    rest.answers["GET /admin/lists"] = { items: [GOOD], total: 1 };
    const dialog = [...document.querySelectorAll<HTMLElement>(".el-dialog")].find((one) => one.textContent!.includes(english("lists.take_title", { name: "phishing" })))!;
    await press(english("lists.take_it"), dialog);
    expect(dialog.querySelector("[role=alert]")!.textContent).toContain("list_not_shrunk");
    expect(document.querySelectorAll(".lists .list button, [data-fault]")).toHaveLength(0);
  });

  test("are read again when somebody asks, and the form stays when they cannot be read", async () => {
    rest.answers["GET /admin/lists"] = { items: [], total: 0 };
    await open(LISTS());
    expect(document.querySelector(".lists")!.textContent).toContain("No list is configured.");
    rest.answers["GET /admin/lists"] = { items: [NEW], total: 1 };
    await press("Reload");
    expect(said("new")).toContain("Allow list");
    rest.answers["GET /admin/lists"] = problem(503, "database_unavailable");
    await press("Reload");
    expect(document.querySelector(".lists [role=alert]")!.textContent).toContain(english("lists.failed"));
    expect(document.getElementById("setting-reputation_lists")).not.toBeNull();
  });
});

describe("values", () => {
  test("are compared as they would be stored", () => {
    const now = configuration();
    expect(changesOf(now, draftOf(now))).toEqual([]);
    expect(changesOf(now, { ...draftOf(now), scans_per_user: "4.0" })).toEqual([]);
    expect(changesOf(now, { ...draftOf(now), default_max_depth: "" }).map(({ before, after }) => [before, after])).toEqual([[undefined, null]]);
    expect(changesOf(now, { ...draftOf(now), scans_per_user: "many" })[0]!.after).toBe("many");
  });

  test("of somebody else stay where the reader has changed nothing", () => {
    const old = configuration();
    const [first, ...others] = old.settings;
    const now = configuration({ settings: [{ ...first!, value: 5, stored: 5 }, ...others] });
    expect(rebased(old, { ...draftOf(old), default_cloaking: false }, now)).toMatchObject({ scans_per_user: "5", default_cloaking: false });
  });

  test("of lists are told by what goes and comes", () => {
    expect(differenceOf(["a", "b"], ["b", "c"])).toEqual({ gone: ["a"], come: ["c"] });
    expect(differenceOf(undefined, ["c"])).toEqual({ gone: [], come: ["c"] });
    expect(differenceOf(3, 4)).toBeNull();
  });

  test("are said with what they count", () => {
    expect(amountOf(7_200, "seconds", "en")).toBe("2 hours");
    expect(amountOf(90, "seconds", "en")).toBe("1.5 minutes");
    expect(amountOf(30, "days", "en")).toBe("30 days");
    expect(amountOf(2 ** 30, "bytes", "en")).toBe("1 GiB");
    expect(amountOf(0, "bytes", "en")).toBe("0 B");
    expect(amountOf(5_000, null, "en")).toBe("5,000");
  });
});

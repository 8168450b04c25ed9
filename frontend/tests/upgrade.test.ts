// @vitest-environment happy-dom
/** A view that is gone from the server after an upgrade: the page is loaded anew there, and only then. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMemoryHistory, createRouter } from "vue-router";

import { entryOf, followUpgrades } from "@/upgrade";

const OLD = "./assets/index-old1.js";
const NEW = "./assets/index-new2.js";
const page = (entry: string) => `<!doctype html><script type="module" src="${entry}"></script>`;
let loaded: string[];
let now: number;
let marks: Map<string, string>;
let answer: () => Promise<Response>;

beforeEach(() => {
  [loaded, now, marks] = [[], 1_000_000, new Map()];
  answer = async () => new Response(page(NEW));
  vi.stubGlobal("fetch", () => answer());
});
afterEach(() => { vi.unstubAllGlobals(); });

/** What is loaded when the reader goes to a view that cannot be had. */
async function goToLost(entry: string | null = OLD): Promise<string[]> {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: "/", component: {} }, { path: "/lost", component: () => Promise.reject(new TypeError("Failed to fetch")) }],
  });
  const settled = vi.fn();
  const storage = { getItem: (key: string) => marks.get(key) ?? null, setItem: (key: string, value: string) => void marks.set(key, value) };
  followUpgrades(router, { entry, marks: storage, load: (address) => loaded.push(address), now: () => now });
  await router.push("/");
  await router.push("/lost?attempt=2").catch(settled);
  await vi.waitFor(() => { expect(settled).toHaveBeenCalled(); }, { timeout: 8_000 });
  await new Promise((resolve) => setTimeout(resolve)); // what was asked of the fake server is answered by then
  return loaded;
}

test("after an upgrade the page is loaded anew, at what was asked for", async () => {
  expect(await goToLost()).toEqual(["/lost?attempt=2"]);
});

test("the same version, no answer, a refusal and an unknown beginning change nothing", async () => {
  answer = async () => new Response(page(OLD));
  expect(await goToLost()).toEqual([]);
  answer = async () => Promise.reject(new TypeError("Failed to fetch"));
  expect(await goToLost()).toEqual([]);
  answer = async () => new Response("Bad gateway", { status: 502 });
  expect(await goToLost()).toEqual([]);
  answer = async () => new Response(page(NEW));
  expect(await goToLost(null)).toEqual([]);
});

test("servers of two versions do not send a reader to and fro", async () => {
  expect(await goToLost()).toHaveLength(1);
  expect(await goToLost()).toHaveLength(1);
  now += 10_000;
  expect(await goToLost()).toHaveLength(2);
});

test("the page knows the script that it was begun with", () => {
  const parsed = (text: string) => new DOMParser().parseFromString(text, "text/html");
  expect(entryOf(parsed(page(OLD)))).toBe(OLD);
  expect(entryOf(parsed("<!doctype html>"))).toBeNull();
});

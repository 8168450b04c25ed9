// @vitest-environment happy-dom
/** A view that is asked for while the server is away. */

import { beforeEach, expect, test } from "vitest";
import { nextTick, ref } from "vue";
import { createMemoryHistory, createRouter, type Router } from "vue-router";

import { followLateViews } from "@/lateViews";

const isOnline = ref(true);
let isAway: boolean;
let router: Router;

beforeEach(async () => {
  isOnline.value = true;
  isAway = true;
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: "/", component: {} },
      { path: "/other", component: {} },
      { path: "/late", component: () => (isAway ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve({})) },
    ],
  });
  followLateViews(router, () => isOnline.value);
  await router.push("/");
});

async function comeBack(): Promise<string> {
  isOnline.value = false;
  await nextTick();
  isOnline.value = true;
  await new Promise((resolve) => setTimeout(resolve)); // the router has gone where it goes
  return router.currentRoute.value.fullPath;
}

test("comes when the connection is back, at what was asked for", async () => {
  await router.push("/late?attempt=2").catch(() => null);
  expect(router.currentRoute.value.fullPath).toBe("/");
  expect(await comeBack()).toBe("/"); // still away
  isAway = false;
  expect(await comeBack()).toBe("/late?attempt=2");
  await router.push("/other");
  expect(await comeBack()).toBe("/other");
});

test("does not draw back a reader who has gone elsewhere since", async () => {
  await router.push("/late").catch(() => null);
  await router.push("/other");
  isAway = false;
  expect(await comeBack()).toBe("/other");
});

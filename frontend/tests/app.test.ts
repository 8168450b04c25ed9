// @vitest-environment happy-dom
/** The page as a whole, before there is a view to show. */

import { readFileSync } from "node:fs";

import { enableAutoUnmount, flushPromises, mount } from "@vue/test-utils";
import { afterEach, expect, test } from "vitest";

import App from "@/App.vue";
import LoadingPage from "@/components/LoadingPage.vue";
import { useAccount } from "@/stores/account";
import { LANGUAGES, i18n, textIn } from "@/texts";

import { FakeRest } from "./support/fakeRest";

enableAutoUnmount(afterEach);

/** Texts and their languages, without what a build or Vue writes beside them. */
function said(page: Element): (string | null)[][] {
  return [...page.querySelectorAll("img, span")].map((one) => [one.getAttribute("lang"), one.getAttribute("width"), one.textContent]);
}

test("the file that is loaded first shows the product's name, as the page does until it knows who is there", () => {
  const first = new DOMParser().parseFromString(readFileSync("index.html", "utf-8"), "text/html").querySelector("#app .loading-page")!;
  const then = mount(LoadingPage, { global: { plugins: [i18n] } }).element as Element;
  expect(said(first)).toEqual(said(then));
  expect(first.querySelector("p")!.textContent).toBe(LANGUAGES.map((one) => textIn(one, "app.name")).join(" · "));
  expect(then.className).toBe(first.className);
});

test("the place of a view is never empty", async () => {
  const rest = new FakeRest();
  const page = mount(App, { global: { ...rest.mounting(), stubs: { teleport: true } } });
  const shown = () => [page.find("main .loading-page").exists(), page.find("main [data-state=loading]").exists()];
  expect(shown()).toEqual([true, false]);
  useAccount().isRestored = true; // the view itself is still on its way
  await flushPromises();
  expect(shown()).toEqual([false, true]);
});

import { describe, expect, test } from "vitest";

import { PageKey } from "@/api/pageKey";

import { Marks } from "../support/marks";

describe("the key of the page", () => {
  test("is made once for all tabs of the browser, and is there after a reload", () => {
    const marks = new Marks();
    const key = new PageKey(marks, "http://page.test/under/").value();
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(new PageKey(marks, "http://page.test/under/").value()).toBe(key);
    expect(new PageKey(new Marks(), "http://page.test/under/").value()).not.toBe(key);
  });

  test("is another one for another deployment below the same host", () => {
    const marks = new Marks();
    expect(new PageKey(marks, "http://page.test/a/").value()).not.toBe(new PageKey(marks, "http://page.test/b/").value());
  });

  test("is another one after it was forgotten", () => {
    const key = new PageKey(new Marks(), "http://page.test/");
    const first = key.value();
    key.forget();
    expect(key.value()).not.toBe(first);
  });
});

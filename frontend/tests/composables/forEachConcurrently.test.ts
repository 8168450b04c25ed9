import { expect, test } from "vitest";

import { forEachConcurrently } from "@/composables/forEachConcurrently";

test("each is asked once, in their order, four at a time, and the next as soon as one is answered", async () => {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const all = forEachConcurrently(Array(6).keys(), (item) => new Promise<void>((answer) => { asked.push(item); answers.push(answer); }));
  expect(asked).toEqual([0, 1, 2, 3]);
  answers[2]!();
  await Promise.resolve();
  expect(asked).toEqual([0, 1, 2, 3, 4]);
  while (answers.length < 6 || asked.length < 6) { answers.forEach((answer) => answer()); await Promise.resolve(); }
  answers.forEach((answer) => answer());
  await all;
  expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
});

import { describe, expect, test } from "vitest";

import { partsIn, partsOf } from "@/texts/marks";

const joined = (parts: { text: string }[]) => parts.map(({ text }) => text).join("");
const marked = (text: string, words: string[]) => partsOf(text, words).filter(({ isMarked }) => isMarked).map((part) => part.text);

describe("words in a text", () => {
  test("are marked in any case, the longest of those at one place, and the text stays whole", () => {
    const text = "Casino and CASINO ROYALE, 百家乐在线";
    expect(marked(text, ["casino", "casino royale", "百家乐"])).toEqual(["Casino", "CASINO ROYALE", "百家乐"]);
    expect(joined(partsOf(text, ["casino", "royale"]))).toBe(text);
  });

  test("that are empty or absent mark nothing", () => {
    expect(partsOf("text", ["", " ", "none"])).toEqual([{ text: "text", isMarked: false }]);
    expect(partsOf("", ["a"])).toEqual([]);
  });

  test("keep their place in texts whose letters grow when folded", () => {
    expect(joined(partsOf("İİİ casino", ["casino"]))).toBe("İİİ casino");
    expect(marked("İİİ casino", ["casino"])).toEqual(["casino"]);
  });

  test("over and over make a small document of a long text, in no time", () => {
    const text = "ab".repeat(100_000);
    const parts = partsOf(text, ["ab", "ba", "c", "zz"]);
    expect(parts.length).toBeLessThan(500);
    expect(joined(parts)).toBe(text);
  });
});

describe("spans of a text", () => {
  test("are marked, counted in characters, and the text stays whole", () => {
    const parts = partsIn("a😀bcd", [{ start: 2, end: 3 }, { start: 3, end: 4 }]);
    expect(parts).toEqual([{ text: "a😀", isMarked: false }, { text: "b", isMarked: true }, { text: "c", isMarked: true }, { text: "d", isMarked: false }]);
    expect(partsIn("ab", [])).toEqual([{ text: "ab", isMarked: false }]);
  });
});

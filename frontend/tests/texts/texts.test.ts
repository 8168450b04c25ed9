import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { RISK_LEVELS, REPORT_FORMATS, LOG_LEVELS } from "@/generated/contract";
import { LANGUAGES, MESSAGES, chooseLanguage, textIn, type TextKey } from "@/texts";
import { AUDIT_TEXTS } from "@/texts/audit";
import { READER_TEXTS } from "@/texts/reader";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));
const CJK = /[\u2e80-\u9fff\uff00-\uffef]/;
const en = { ...MESSAGES.en, ...AUDIT_TEXTS.en, ...READER_TEXTS.en };
const zhCN = { ...MESSAGES["zh-CN"], ...AUDIT_TEXTS["zh-CN"], ...READER_TEXTS["zh-CN"] };
const ALL = { en, "zh-CN": zhCN };
/** Names that are the same in both languages. */
const NAMES = new Set<string>(["language.name", "language.switch", "channel.slack", "channel.webhook"]);

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf-8" })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith("generated"))
  .map((name) => ({ name, text: readFileSync(SOURCE + name, "utf-8") }));
const source = files.map(({ text }) => text).join("\n");
const used = new Set([...source.matchAll(/["'`]([a-z_]+(?:\.[a-z_]+)+)["'`]/g)].map(([, key]) => key!));
const prefixes = [...source.matchAll(/\bcode\("([a-z_.]+)"/g)].map(([, prefix]) => `${prefix}.`);
const patterns = [...source.matchAll(/\bt\(`([^`]+)`/g)].map(([, key]) => new RegExp(`^${key!.replace(/\$\{\w+\}/g, "[a-z_]+")}$`));

function places(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))].sort();
}

describe("the texts of the page", () => {
  test("exist in every language, with the same places", () => {
    expect(Object.keys(zhCN).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as TextKey[]) expect([key, places(zhCN[key])]).toEqual([key, places(en[key])]);
  });

  test("are in the language that they are in", () => {
    const keys = (Object.keys(en) as TextKey[]).filter((key) => !NAMES.has(key));
    expect(keys.filter((key) => CJK.test(en[key]))).toEqual([]);
    const shared = keys.filter((key) => !CJK.test(zhCN[key]) && /[A-Za-z]{4}/.test(zhCN[key]));
    expect(shared.filter((key) => !/^[A-Z]{3,}/.test(zhCN[key]))).toEqual([]);
  });

  test("are all used", () => {
    const isUsed = (key: string) => used.has(key) || prefixes.some((prefix) => key.startsWith(prefix)) || patterns.some((pattern) => pattern.test(key));
    expect(used.size).toBeGreaterThan(100);
    expect(Object.keys(en).filter((key) => !isUsed(key))).toEqual([]);
  });

  test("stand in the catalogue alone: no template has words of its own", () => {
    const own = files.filter(({ name }) => name.endsWith(".vue")).flatMap(({ name, text }) => {
      const template = text.slice(text.indexOf("<template>") + 10, text.lastIndexOf("</template>"));
      const words = template.replace(/\{\{[\s\S]*?\}\}/g, "").replace(/<(?:"[^"]*"|[^"<>])*>/g, "\n");
      return words.split("\n").filter((line) => /\p{L}/u.test(line.replaceAll("&nbsp;", ""))).map((line) => `${name}: ${line.trim()}`);
    });
    expect(own).toEqual([]);
    const attributes = files.flatMap(({ text }) => [...text.matchAll(/\s(?:aria-label|title|placeholder|label|alt)="([^"]*\p{L}[^"]*)"/gu)]);
    expect(attributes.map(([, value]) => value)).toEqual(["example.com"]);
    expect(files.filter(({ name, text }) => name.endsWith(".vue") && CJK.test(text)).map(({ name }) => name)).toEqual([]);
  });

  test("compile: every one is shown with its places filled", () => {
    for (const language of LANGUAGES) {
      for (const key of Object.keys(en) as TextKey[]) {
        const parameters = Object.fromEntries(places(ALL[language][key]).map((name) => [name, name === "count" ? 2 : `<${name}>`]));
        const text = textIn(language, key, parameters);
        expect(text).not.toMatch(/\{\w+\}|^$|\s\|\s/);
        if (Object.keys(parameters).some((name) => name !== "count")) expect(text).toMatch(/<\w+>/);
      }
    }
  });

  test("have one for each code that the contracts name", () => {
    for (const risk of RISK_LEVELS) expect(en).toHaveProperty([`risk.${risk}`]);
    for (const format of REPORT_FORMATS) expect(en).toHaveProperty([`report_format.${format}`]);
    for (const level of LOG_LEVELS) expect(en).toHaveProperty([`log.level.${level}`]);
  });
});

test("a number is written as its people do, and chooses the form that fits", () => {
  expect(textIn("en", "stage_count.pages", { count: 1 })).toBe("1 page");
  expect(textIn("en", "stage_count.pages", { count: 12_345 })).toBe("12,345 pages");
  expect(textIn("en", "stage_count.pages", { count: 0 })).toBe("0 pages");
  expect(textIn("zh-CN", "stage_count.pages", { count: 2 })).toBe("2 个页面");
});

test("what stands in a place is text, whatever it looks like", () => {
  expect(textIn("en", "task.confirm_cancel", { domain: "{count} | @:app.name <b>" })).toContain("{count} | @:app.name <b>");
});

test("the language is the one asked for, then the remembered one, then the browser's", () => {
  expect(chooseLanguage("en", "zh-CN", [])).toBe("en");
  expect(chooseLanguage(null, "en", ["zh"])).toBe("en");
  expect(chooseLanguage("fr", null, ["de", "en-GB"])).toBe("en");
  expect(chooseLanguage(null, null, ["zh-TW"])).toBe("zh-CN");
  expect(chooseLanguage(null, null, ["fr"])).toBe("zh-CN");
});

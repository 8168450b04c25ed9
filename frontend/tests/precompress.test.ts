import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, test } from "vitest";

import { precompress } from "../precompress.ts";

const LONG = "export const a = 1;\n".repeat(200);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "page-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("texts lie compressed beside themselves", async () => {
  await writeFile(join(folder, "main-abcd1234.js"), LONG);
  await precompress(folder);
  expect((await readdir(folder)).sort()).toEqual(["main-abcd1234.js", "main-abcd1234.js.br", "main-abcd1234.js.gz"]);
  const read = (suffix: string) => readFile(join(folder, `main-abcd1234.js${suffix}`));
  expect(brotliDecompressSync(await read(".br")).toString()).toBe(LONG);
  expect(gunzipSync(await read(".gz")).toString()).toBe(LONG);
});

test("what is short, or compressed by its format, stays as it is", async () => {
  await writeFile(join(folder, "short.js"), "export {};");
  await writeFile(join(folder, "picture.png"), LONG);
  await precompress(folder);
  expect((await readdir(folder)).sort()).toEqual(["picture.png", "short.js"]);
});

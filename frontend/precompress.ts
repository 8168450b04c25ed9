import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

import type { Plugin } from "vite";

/** Below it a file fits into one packet as it is. */
const LEAST_BYTES = 1_024;
const TEXTS = /\.(css|js|json|svg)$/;
const CODINGS = {
  ".br": (content: Buffer) => promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  ".gz": (content: Buffer) => promisify(gzip)(content, { level: 9 }),
};

/**
 * Put the compressed forms of every text of a folder beside it. The server sends them to those who take them
 * (`app/api/built_page.py`): compressed once, and better than there is time for while somebody waits.
 */
export async function precompress(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEXTS.test(name)) continue;
    const content = await readFile(join(folder, name));
    if (content.length < LEAST_BYTES) continue;
    for (const [suffix, compress] of Object.entries(CODINGS)) {
      const compressed = await compress(content);
      if (compressed.length < content.length) await writeFile(join(folder, name + suffix), compressed);
    }
  }
}

/** For the build: what has a hash in its name. */
export function precompressed(assets: string): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle: async (options) => precompress(join(options.dir ?? "", assets)),
  };
}

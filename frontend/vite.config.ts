import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

import { precompressed } from "./precompress.ts";

export default defineConfig({
  base: "./", // the page runs under any path: addresses are relative, and views stand behind the `#`
  plugins: [vue(), precompressed("assets")],
  build: {
    outDir: "../app/web", // from where the server serves it, and a wheel takes it
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1_700, // kB; Swagger UI, which `/docs` alone loads; the library of the charts is 447
    modulePreload: { polyfill: false }, // a file of its own, for hints that the page works without
    rolldownOptions: { input: ["index.html", "docs.html"] },
    assetsInlineLimit: 0, // the policy allows no data: but for pictures
  },
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});

// Reads an AsyncAPI document from a file and prints, as JSON, what the official parser thinks of it.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const problems = diagnostics.map(({ severity, code, path, message }) => ({
  severity, // 0 error, 1 warning, 2 information, 3 hint
  code,
  path: path.join("."),
  message,
}));
const understood = document && {
  version: document.version(),
  channels: document.allChannels().all().map((channel) => channel.address()),
  messages: document.allMessages().all().length,
  operations: document.allOperations().all().length,
};
process.stdout.write(JSON.stringify({ problems, understood: understood ?? null }) + "\n");

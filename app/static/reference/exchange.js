/**
 * One request that a reader tries out, and as much of the answer as a tab can bear: the beginning of a text, the end of a
 * stream, and files up to a size. Knows no DOM.
 */

export const SHOWN_CHARACTERS = 200_000;
export const TAIL_CHARACTERS = 50_000; // of a stream
export const KEPT_BYTES = 32 * 1_048_576; // of what can be saved as a file

const STREAMS = new Set(["text/event-stream", "application/x-ndjson"]);

/**
 * The request for `values` (texts by "in.name"; empty ones are left out). `missing`: required parameters without a value.
 * `body` is text, or null.
 */
export function buildRequest({ base, method, path, parameters, values, body, token }) {
  const valueOf = (parameter) => (values[`${parameter.in}.${parameter.name}`] ?? "").trim();
  const given = parameters.filter((parameter) => valueOf(parameter) !== "");
  const missing = parameters.filter((parameter) => parameter.required && valueOf(parameter) === "").map(({ name }) => name);
  const inPath = new Map(given.filter((parameter) => parameter.in === "path").map((parameter) => [parameter.name, valueOf(parameter)]));
  const url = new URL(base + path.slice(1).replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inPath.get(name) ?? "")));
  const headers = {};
  for (const parameter of given) {
    if (parameter.in === "query") url.searchParams.append(parameter.name, valueOf(parameter));
    if (parameter.in === "header") headers[parameter.name] = valueOf(parameter);
  }
  if (body !== null) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  return { url: url.href, method: method.toUpperCase(), headers, body, missing };
}

/** The same for a shell, which has the token in `$TOKEN`. */
export function asCurl({ url, method, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl -X ${method} ${quoted(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    lines.push(`-H ${name === "authorization" ? '"Authorization: Bearer $TOKEN"' : quoted(`${name}: ${value}`)}`);
  }
  if (body !== null) lines.push(`--data-raw ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

/** What is shown of a body of this type: "stream", "json", "text", "image" or "file". */
export function kindOf(contentType, disposition = "") {
  const type = contentType.split(";")[0].trim().toLowerCase();
  if (STREAMS.has(type)) return "stream";
  if (type === "application/json" || type.endsWith("+json")) return "json";
  if (type.startsWith("image/")) return "image";
  return type.startsWith("text/") && type !== "text/html" && !/^attachment/i.test(disposition) ? "text" : "file";
}

/** The name that the server gives a file, or null. */
export function fileNameOf(disposition) {
  const name = /filename="?([^";]+)"?/.exec(disposition ?? "");
  return name ? name[1].replace(/[\\/]/g, "_") : null;
}

/** The body of a response, read piece by piece. */
export class Body {
  #chunks = [];
  #decoder = new TextDecoder();

  constructor(kind) {
    this.kind = kind;
    this.bytes = 0;
    this.text = ""; // what is shown: the beginning, of a stream the end
    this.isShortened = false; // the text is not all that came
    this.isCut = false; // more came than can be kept; the rest was not read
    this.isWhole = false;
  }

  /** Reads to the end, or to the bound; `onChange` after each piece. Rejects when the signal or the network ends it. */
  async read(stream, onChange) {
    const reader = stream?.getReader();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      this.#take(value);
      onChange();
      if (this.isCut) {
        await reader.cancel();
        return;
      }
    }
    this.isWhole = true;
    onChange();
  }

  /** All of it as a file, or null when it was not kept. */
  blob(type) {
    return this.isWhole && this.kind !== "stream" && this.bytes > 0 ? new Blob(this.#chunks, { type }) : null;
  }

  /** The text for people: JSON with line breaks where it is whole. */
  get pretty() {
    if (this.kind !== "json" || !this.isWhole || this.isShortened) return this.text;
    try {
      return JSON.stringify(JSON.parse(this.text), null, 2);
    } catch {
      return this.text; // not JSON, though it says so: shown as it came
    }
  }

  #take(piece) {
    this.bytes += piece.byteLength;
    if (this.kind === "stream") this.#keepEnd(this.#decoder.decode(piece, { stream: true }));
    else this.#keepFile(piece);
  }

  #keepEnd(text) {
    this.text += text;
    if (this.text.length <= TAIL_CHARACTERS) return;
    this.text = this.text.slice(-TAIL_CHARACTERS);
    this.isShortened = true;
  }

  #keepFile(piece) {
    if (this.kind === "json" || this.kind === "text") this.#keepBeginning(piece);
    this.isCut = this.bytes > KEPT_BYTES;
    if (this.isCut) this.#chunks = [];
    else this.#chunks.push(piece);
  }

  #keepBeginning(piece) {
    if (this.isShortened) return;
    this.text += this.#decoder.decode(piece, { stream: true });
    this.isShortened = this.text.length > SHOWN_CHARACTERS;
    if (this.isShortened) this.text = this.text.slice(0, SHOWN_CHARACTERS);
  }
}

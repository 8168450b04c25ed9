/**
 * The key by which the server knows that the page itself makes use of the cookie (ADR 0060). A browser sends a cookie to every
 * port of its host; what is in the storage of an origin no other port can read.
 */

const BYTES = 32;

export class PageKey {
  #marks: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  #name: string;

  /** `base`: the address of the page; two deployments below one host have a key each. */
  constructor(marks: Pick<Storage, "getItem" | "setItem" | "removeItem">, base: string) {
    this.#marks = marks;
    this.#name = `compliance.page-key ${new URL(base).pathname}`;
  }

  /** The same in all tabs, and after the browser was started again. */
  value(): string {
    const kept = this.#marks.getItem(this.#name);
    if (kept !== null) return kept;
    const made = random();
    this.#marks.setItem(this.#name, made);
    return this.#marks.getItem(this.#name) ?? made; // of two tabs that make one at the same moment the last has it
  }

  /** When no cookie is bound to it any more. */
  forget(): void {
    this.#marks.removeItem(this.#name);
  }
}

/** In base64url. `getRandomValues` is there on plain http, too. */
function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** A `Storage` as far as the page uses one. */
export class Marks {
  #items = new Map<string, string>();
  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#items.set(key, value);
  removeItem = (key: string) => void this.#items.delete(key);
  all = () => Object.fromEntries(this.#items);
}

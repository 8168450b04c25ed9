/** A sentence as the page's catalogue has it, so that a test names what is said and not how. */

import { i18n, textIn, type Parameters, type TextKey } from "@/texts";

/** Throws for a key that is not there, and for a parameter that its text lacks or has no place for. */
export function english(key: TextKey, parameters: Parameters = {}): string {
  const en = i18n.global.getLocaleMessage("en") as Record<string, string>;
  const text = en[key];
  if (text === undefined) throw new Error(`There is no text ${key}`);
  const places = new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!));
  const given = Object.keys(parameters);
  if (places.size !== given.length || !given.every((name) => places.has(name)))
    throw new Error(`${key} has ${[...places].join(", ")}, not ${given.join(", ")}`);
  return textIn("en", key, parameters);
}

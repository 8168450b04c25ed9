/**
 * The texts of the page in the reader's language; `locales/` has one file per language.
 *
 * Codes of the server have keys of their own (`error.`, `status.`, `stage.`, ...); a code without a text shows what the
 * server says, so that a newer server works with an older page.
 */

import { LOCALES } from "./locales/index.js";

export const LANGUAGES = Object.keys(LOCALES);

/**
 * A function `(key, parameters) => text` for one language. `{name}` is replaced by a parameter, `{count:line|lines}` by
 * the form that fits the number. Numbers are written as people of that language do.
 */
export function createTexts(language) {
  const texts = LOCALES[language] ?? LOCALES[LANGUAGES[0]];
  const numbers = new Intl.NumberFormat(language);
  const plurals = new Intl.PluralRules(language);
  const fill = (value) => (typeof value === "number" ? numbers.format(value) : String(value ?? ""));
  const translate = (key, parameters = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
      const value = fill(parameters[name]);
      return one === undefined ? value : `${value} ${plurals.select(parameters[name]) === "one" ? one : many}`;
    });
  translate.has = (key) => key in texts;
  translate.language = language;
  return translate;
}

/** The text of a code under a prefix; `fallback` when this page does not know the code. */
export function textOfCode(t, prefix, code, fallback) {
  const key = `${prefix}.${code}`;
  return t.has(key) ? t(key) : (fallback ?? String(code ?? ""));
}

/** `?lang=`, then what was chosen before, then the browser's, then the first one. Regions do not matter. */
export function chooseLanguage({ query, remembered, preferred = [] }) {
  const primary = (tag) => String(tag ?? "").toLowerCase().split("-")[0];
  const known = (tag) => LANGUAGES.find((language) => primary(language) === primary(tag));
  return known(query) ?? known(remembered) ?? preferred.map(known).find(Boolean) ?? LANGUAGES[0];
}

/** The language that the button offers to a reader of this one. */
export function nextLanguage(language) {
  return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];
}

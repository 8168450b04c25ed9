/**
 * The texts of the page. `locales/` has one file for each language with the same keys; a test compares. Codes that page
 * and program name alike (`reason.`, `violation.`, ...) are made from the program's catalogue: `generated/texts.*.json`.
 *
 * Codes of the server have keys of their own (`error.`, `status.`, ...). A code without a text shows what the server
 * says: an error has a text here only where the page says it in other words.
 */

import { computed } from "vue";
import { createI18n } from "vue-i18n";

import sharedEn from "@/generated/texts.en.json";
import sharedZhCN from "@/generated/texts.zh-CN.json";
import type auditEn from "@/locales/audit/en.json";
import ownEn from "@/locales/en.json";
import type readerEn from "@/locales/reader/en.json";
import ownZhCN from "@/locales/zh-CN.json";

const en = { ...sharedEn, ...ownEn };
/** Those of the audit log and of the local classifier are there when their views are (`audit.ts`, `reader.ts`). */
export type TextKey = keyof typeof en | keyof typeof auditEn | keyof typeof readerEn;
export type Language = "zh-CN" | "en";
export type Parameters = Record<string, string | number | null | undefined>;
/** The same keys in every language, or it does not compile. */
export const MESSAGES: Record<Language, Record<keyof typeof en, string>> = { "zh-CN": { ...sharedZhCN, ...ownZhCN }, en };
export const LANGUAGES = Object.keys(MESSAGES) as Language[];

export const i18n = createI18n({
  legacy: false,
  locale: "zh-CN",
  fallbackLocale: "zh-CN",
  messages: MESSAGES,
  messageResolver: (messages, key) => (messages as Record<string, string>)[key] ?? null, // keys are flat
});

/** Adds the texts of a view that is loaded later. */
export function addTexts(texts: Record<Language, Record<string, string>>): void {
  for (const language of LANGUAGES) i18n.global.mergeLocaleMessage(language, texts[language]);
}

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
}

/** `asked` (of the address), then what was chosen before, then the browser's, then the first. Regions do not matter. */
export function chooseLanguage(asked: string | null, remembered: string | null, preferred: readonly string[]): Language {
  const primary = (tag: string) => tag.toLowerCase().split("-")[0];
  const known = (tag: string | null) => LANGUAGES.find((language) => primary(language) === primary(tag ?? ""));
  return known(asked) ?? known(remembered) ?? preferred.map(known).find((language) => language !== undefined) ?? "zh-CN";
}

/** The text of a key in one language. Numbers are written as its people do; `count` chooses the form that fits. */
export function textIn(language: Language, key: TextKey, parameters: Parameters = {}): string {
  const numbers = new Intl.NumberFormat(language);
  const shown = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, typeof value === "number" ? numbers.format(value) : (value ?? "")]),
  );
  const { count } = parameters;
  const options = { locale: language };
  return typeof count === "number" ? i18n.global.t(key, { ...shown }, { ...options, plural: count }) : i18n.global.t(key, shown, options);
}

/** The texts in the reader's language; what is made of them changes with it. */
export function useTexts() {
  const language = computed(() => i18n.global.locale.value as Language);
  const t = (key: TextKey, parameters: Parameters = {}) => textIn(language.value, key, parameters);
  /** The text of a code of the server under a prefix; `fallback` when this page does not know the code. */
  const code = (prefix: string, name: string | null | undefined, fallback?: string | null) => {
    const key = `${prefix}.${name}`;
    return key in i18n.global.getLocaleMessage(language.value) ? t(key as TextKey) : (fallback ?? String(name ?? ""));
  };
  return { language, t, code };
}
export type Texts = ReturnType<typeof useTexts>;

/** The language that a reader has chosen, remembered in this browser; the reference of the interface remembers the same. */

import { LANGUAGES, chooseLanguage, setLanguage, type Language } from ".";

const KEY = "compliance.language";

export function restoreLanguage(): void {
  const asked = new URLSearchParams(location.search).get("lang");
  setLanguage(chooseLanguage(asked, localStorage.getItem(KEY), navigator.languages));
}

/** The language that the button offers to a reader of this one. */
export function nextLanguage(language: Language): Language {
  return LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length] ?? language;
}

export function switchLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
  setLanguage(language);
}

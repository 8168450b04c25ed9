/** The texts of the local classifier, which are loaded with its view: no other view waits for them. */

import en from "@/locales/reader/en.json";
import zhCN from "@/locales/reader/zh-CN.json";

import { addTexts, type Language } from ".";

/** The same keys in every language, or it does not compile. */
export const READER_TEXTS: Record<Language, Record<keyof typeof en, string>> = { "zh-CN": zhCN, en };
addTexts(READER_TEXTS);

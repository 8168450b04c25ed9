/** The texts of the audit log, which are loaded with its view: no other view waits for them. */

import en from "@/locales/audit/en.json";
import zhCN from "@/locales/audit/zh-CN.json";

import { addTexts, type Language } from ".";

/** The same keys in every language, or it does not compile. */
export const AUDIT_TEXTS: Record<Language, Record<keyof typeof en, string>> = { "zh-CN": zhCN, en };
const SAID = "audited.";
/** The codes of all actions that have a text. */
export const ACTIONS = Object.keys(en).filter((key) => key.startsWith(SAID)).map((key) => key.slice(SAID.length));
addTexts(AUDIT_TEXTS);

/** The languages of the page, the first one for readers of any other. A new one is a file and its line here. */

import en from "./en.js";
import zhCN from "./zh-CN.js";

export const LOCALES = { "zh-CN": zhCN, en };

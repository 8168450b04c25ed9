/** Values of settings in words. */

import { amountOf, type Value } from "@/components/admin/configuration/configurationForm";
import type { SettingResponse } from "@/generated/rest";
import { useTexts } from "@/texts";

const MOST_ENTRIES = 5; // of a list, before the rest is only counted

export function useSettingText() {
  const { t, language } = useTexts();

  function entries(list: string[]): string {
    const shown = list.slice(0, MOST_ENTRIES).join(", ");
    return list.length > MOST_ENTRIES ? t("configuration.more_entries", { shown, count: list.length - MOST_ENTRIES }) : shown;
  }

  /** `setting` undefined: one that this server does not know any more. */
  function say(value: Value, setting?: SettingResponse): string {
    if (typeof value === "boolean") return t(value ? "configuration.on" : "configuration.off");
    if (typeof value === "number") return amountOf(value, setting?.unit ?? null, language.value);
    if (value === null || value.length === 0) return t("configuration.empty");
    return Array.isArray(value) ? entries(value) : value;
  }

  return { say, entries };
}

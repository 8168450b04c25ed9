/** The title of the tab: what the view shows, then the product. */

import { watchEffect } from "vue";

import { useTexts } from "@/texts";

export function useTitle(text: () => string | null): void {
  const { t } = useTexts();
  watchEffect(() => {
    const shown = text();
    document.title = shown ? `${shown} · ${t("app.name")}` : t("app.name");
  });
}

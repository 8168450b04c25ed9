/** What the page says about a call that failed. */

import type { ApiError } from "@/api/problem";

import type { Texts } from ".";

export function errorText({ t, code }: Texts, error: unknown): string {
  const { code: name = "internal", detail = null, fields = [] } = error as Partial<ApiError>;
  if (name === "invalid_input" && fields.length > 0) return t("error.invalid_input", { fields: fields.join(", ") });
  if (name === "invalid_input" && detail) return detail;
  return code("error", name, detail ?? t("error.unknown", { code: name }));
}

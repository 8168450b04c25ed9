/** What the page says about an error of the server, in the user's language. */

import { textOfCode } from "./texts.js";

export function errorText(t, error) {
  if (error.code === "invalid_input" && error.fields?.length) {
    return t("error.invalid_input", { fields: error.fields.join(", ") });
  }
  const code = error.code ?? "internal";
  if (code === "invalid_input") return error.detail ?? t("error.unknown", { code });
  return textOfCode(t, "error", code, error.detail ?? t("error.unknown", { code }));
}

/** What a third party is called in one cell: what its content is accused of, then its category if that is known. */

import type { AccusedThirdParty } from "@/generated/rest";

import type { Texts } from ".";

export function partyCategory({ t, code }: Texts, { category, violation_key: accused }: AccusedThirdParty): string {
  const known = accused && category === "unknown" ? [] : [code("category", category)];
  return [...(accused ? [code("violation", accused)] : []), ...known].join(t("finding.separator"));
}

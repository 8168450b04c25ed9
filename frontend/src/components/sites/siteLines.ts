/** Many sites with one schedule and the same options: the table that the import takes. */

import type { SiteCreate } from "@/generated/rest";

/** Pages to begin at belong to one domain: they are left out. */
export function tableOf(domains: readonly string[], { group, tags, schedule, overdue_after_days, config }: SiteCreate): string {
  const { start_urls: _, ...options } = config ?? {};
  const shared = Object.entries({ group, tags, ...schedule, overdue_after_days, ...options }).flatMap(([name, value]) => {
    const cell = Array.isArray(value) ? value.join(" ") : String(value ?? "");
    return cell === "" ? [] : [[name, quoted(cell)] as const];
  });
  const header = ["target_domain", ...shared.map(([name]) => name)].join(",");
  const end = shared.map(([, cell]) => `,${cell}`).join("");
  return [header, ...domains.map((domain) => quoted(domain) + end)].join("\n");
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

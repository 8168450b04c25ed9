/** The sections of the administration, in their order: each has an address and a panel. */
export const ADMIN_SECTIONS = ["users", "connections", "metrics", "broadcast", "workers", "audit", "configuration", "reader"] as const;
export type AdminSection = (typeof ADMIN_SECTIONS)[number];

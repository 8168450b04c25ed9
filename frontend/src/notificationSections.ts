/** The parts of the view of notifications, in their order. */

export const NOTIFICATION_SECTIONS = ["feed", "rules", "channels", "deliveries"] as const;
export type NotificationSection = (typeof NOTIFICATION_SECTIONS)[number];

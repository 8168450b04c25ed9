/** The categories that the lists of known services have. */

export const SERVICE_CATEGORIES = [
  "ads", "analytics", "app_store", "bank", "captcha", "cdn", "cloud", "cms", "comments", "consent", "content", "customer_service", "developer", "ecommerce",
  "education", "fonts", "government", "hosting", "maps", "marketing", "news", "other", "payment", "portal", "search", "social", "storage", "tag_manager",
  "telecom", "trust_seal", "utility", "video",
] as const;

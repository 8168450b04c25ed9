"""What an API key may be used for: its scopes, and the one table of what each route needs (ADR 0073).

Scopes are a set, and each is exactly what it says: one that may order scans sees none, unless it may read as well. A
route that is not in the table is closed to keys, and a test fails.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Scope(StrEnum):
    """Of a key. `ADMIN`: it acts as an administrator, while its user is one; without, as any user does."""

    READ = "read"
    SCAN = "scan"
    REVIEW = "review"
    ADMIN = "admin"


# Of a route, beside those: only for who has signed in, never for a key; and for everybody.
SESSION: Final = "session"
PUBLIC: Final = "public"

_ROUTES: Final[Mapping[str, tuple[str, ...]]] = {
    PUBLIC: ("cookie_login", "cookie_logout", "cookie_refresh", "live", "login", "ready", "refresh"),
    # What keeps or gives an identity: a key makes no other one, and ends none. And where notifications leave to.
    SESSION: (
        "change_password",
        "create_channel",
        "create_key",
        "create_link",
        "create_rule",
        "create_user",
        "delete_channel",
        "delete_rule",
        "delete_user",
        "end_other_sessions",
        "end_session",
        "list_keys",
        "list_links",
        "list_sessions",
        "logout",
        "logout_everywhere",
        "mark_notifications_read",
        "replace_rule",
        "resend_delivery",
        "revoke_key",
        "revoke_keys",
        "revoke_link",
        "test_channel",
        "update_channel",
        "update_user",
    ),
    Scope.READ: (
        "follow_events",
        "get_capture",
        "get_defaults",
        "get_differences",
        "get_finding",
        "get_inventory_party",
        "get_logs",
        "get_order",
        "get_order_report",
        "get_overview",
        "get_page",
        "get_report",
        "get_site",
        "get_status",
        "get_task",
        "get_third_party",
        "issue_ticket",
        "list_attempts",
        "list_channels",
        "list_comments",
        "list_deliveries",
        "list_findings",
        "list_inventory",
        "list_labels",
        "list_notifications",
        "list_orders",
        "list_pages",
        "list_references",
        "list_review",
        "list_site_scans",
        "list_sites",
        "list_rules",
        "list_subdomains",
        "list_tasks",
        "list_third_parties",
        "list_sites_of_service",
        "list_third_party_services",
        "list_violations",
        "me",
        "search",
    ),
    Scope.SCAN: (
        "cancel_order",
        "cancel_task",
        "change_site",
        "create_order",
        "create_site",
        "create_task",
        "delete_order",
        "delete_site",
        "delete_task",
        "import_sites",
        "preview_schedule",
        "retry_task",
        "run_group",
        "run_site",
    ),
    Scope.REVIEW: ("assign", "comment", "decide"),
    Scope.ADMIN: (
        "ask_reading_model",
        "broadcast",
        "change_configuration",
        "close_connection",
        "get_configuration",
        "get_lists",
        "get_local_reader",
        "get_local_reader_report",
        "get_numbers",
        "get_stats",
        "get_user",
        "hold_task",
        "list_audit",
        "list_connections",
        "list_users",
        "list_versions",
        "list_workers",
        "metrics",
        "release_hold",
        "restore_version",
        "set_priority",
        "switch_local_reader",
        "take_shrunk_list",
    ),
}
# By the name of a route, which is its operation's id.
SCOPE_OF_ROUTE: Final[Mapping[str, str]] = MappingProxyType(
    {name: str(scope) for scope, names in _ROUTES.items() for name in names}
)
# What a signed-in viewer may use: whatever reads scans, and what keeps their own account and read marks.
# Keys that it creates are limited to `READ`. A route that is not here is closed to viewers.
VIEWER_ROUTES: Final = frozenset(_ROUTES[Scope.READ]) | {
    "change_password",
    "create_key",
    "end_other_sessions",
    "end_session",
    "list_keys",
    "list_sessions",
    "logout",
    "logout_everywhere",
    "mark_notifications_read",
    "revoke_key",
    "revoke_keys",
}
# What a signed-in reviewer may use: what a viewer may, and judging findings.
REVIEWER_ROUTES: Final = VIEWER_ROUTES | frozenset(_ROUTES[Scope.REVIEW])
# What a read-only link to a scan opens, of that scan alone.
LINK_ROUTES: Final = frozenset(
    {
        "get_capture",
        "get_finding",
        "get_page",
        "get_report",
        "get_status",
        "get_task",
        "get_third_party",
        "list_findings",
        "list_pages",
        "list_references",
        "list_subdomains",
        "list_third_parties",
        "list_violations",
    }
)
# What a key opens that is for one group of sites, of the scans of those sites alone; within its scopes, as any other.
GROUP_ROUTES: Final = LINK_ROUTES | {
    "cancel_task",
    "create_task",
    "follow_events",
    "get_defaults",
    "get_differences",
    "get_logs",
    "get_site",
    "issue_ticket",
    "list_attempts",
    "list_site_scans",
    "list_sites",
    "retry_task",
    "run_site",
}
# Scopes that open at least one route to such a key; it cannot have others.
GROUP_SCOPES: Final = tuple(scope for scope in Scope if scope in map(SCOPE_OF_ROUTE.get, GROUP_ROUTES))

"""`tests/unit` mirrors `app` file by file (docs/architecture.md): who changes a module finds its tests by its name."""

import ast
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

# Modules that a named file of tests holds as a whole, and why they have none of their own.
COVERED: dict[str, tuple[str, str]] = {
    "app/domain/inventory.py": ("what is compared", "tests/unit/domain/test_differences.py"),
    "app/domain/party_changes.py": ("a part of the comparison", "tests/unit/domain/test_differences.py"),
    "app/inventory/build.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/inventory/routes/differences.py": ("a route alone", "tests/integration/test_scan_differences.py"),
    "app/inventory/routes/third_parties.py": ("routes alone", "tests/integration/test_api_inventory.py"),
    "app/inventory/routes/third_party_services.py": ("routes alone", "tests/integration/test_api_inventory.py"),
    "app/inventory/routes/parameters.py": ("what the routes read", "tests/integration/test_api_inventory.py"),
    "app/inventory/queries/services.py": ("queries of two parts", "tests/unit/inventory/test_party_service.py"),
    "app/inventory/queries/changes.py": ("queries of two parts", "tests/unit/inventory/test_party_service.py"),
    "app/inventory/queries/parties.py": ("queries of two parts", "tests/unit/inventory/test_party_service.py"),
    "app/inventory/queries/party_totals.py": ("queries of two parts", "tests/unit/inventory/test_party_service.py"),
    "app/findings/queries/open_ranks.py": ("a part of queries", "tests/unit/inventory/test_party_service.py"),
    "app/inventory/schemas.py": ("what the route shows", "tests/integration/test_scan_differences.py"),
    "app/domain/third_parties.py": ("numbers of the verdict", "tests/unit/domain/test_verdict.py"),
    "app/findings/assignments.py": ("over real routes", "tests/integration/test_api_assignments.py"),
    "app/findings/comments.py": ("over real routes", "tests/integration/test_api_comments.py"),
    "app/findings/annotations.py": ("what documents say of people", "tests/integration/test_api_comments.py"),
    "app/findings/queries/comments.py": ("queries of one part", "tests/integration/test_api_comments.py"),
    "app/findings/schemas/comments.py": ("what the routes show", "tests/integration/test_api_comments.py"),
    "app/findings/due_findings.py": ("over real routes", "tests/integration/test_api_assignments.py"),
    "app/findings/queries/assignments.py": ("queries of one part", "tests/integration/test_api_assignments.py"),
    "app/findings/queries/unconfirmed.py": ("a query of one part", "tests/unit/tasks/worker/test_earlier_findings.py"),
    "app/domain/assignments.py": ("what the routes ask for", "tests/integration/test_api_assignments.py"),
    "app/findings/build.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/reports/build.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/maintenance/readiness.py": ("what the probes say", "tests/integration/test_api_monitor.py"),
    "app/scans/parameters.py": ("what routes of a task's results read", "tests/integration/test_api_reports.py"),
    "app/api/health.py": ("routes alone", "tests/integration/test_api_monitor.py"),
    "app/scans/task_views.py": ("rows as the API shows them", "tests/integration/test_one_set_of_open_numbers.py"),
    "app/api/router.py": ("a list of routers", "tests/docs/test_surface.py"),
    "app/api/v1/admin_connections.py": ("routes alone", "tests/integration/test_session_ends.py"),
    "app/identity/routes/audit.py": ("a route alone", "tests/integration/test_api_audit.py"),
    "app/configuration/routes/local_reader.py": ("routes alone", "tests/integration/test_api_local_reader.py"),
    "app/configuration/schemas/local_readers.py": (
        "what the routes show",
        "tests/integration/test_api_local_reader.py",
    ),
    "app/lists/routes.py": ("a route alone", "tests/integration/test_lists.py"),
    "app/lists/build.py": ("puts parts together", "tests/integration/test_lists.py"),
    "app/tasks/worker/scan_factory.py": ("puts parts together", "tests/integration/whole_scans/test_stage_failures.py"),
    "app/compose/foundation.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/compose/parts.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/compose/results.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/compose/storage.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/lists/schemas.py": ("what the route shows", "tests/integration/test_lists.py"),
    "app/lists/service.py": ("what the route shows", "tests/integration/test_lists.py"),
    "app/lists/queries.py": ("queries of one part", "tests/unit/lists/test_updater.py"),
    "app/tasks/list_reading/worker.py": ("a process, run as one", "tests/unit/tasks/list_reading/test_process.py"),
    "app/core/comma_lists.py": ("types of fields", "tests/unit/core/test_config.py"),
    "app/core/http_address.py": ("a type of fields", "tests/unit/core/test_config.py"),
    "app/identity/routes/own_sessions.py": ("routes alone", "tests/integration/test_api_sessions.py"),
    "app/identity/audit_reading.py": ("over real rows", "tests/integration/test_api_audit.py"),
    "app/core/list_cursor.py": ("what cursors are made of", "tests/unit/findings/test_review.py"),
    "app/identity/own_sessions.py": ("over real sessions", "tests/integration/test_api_sessions.py"),
    "app/core/group_filter.py": ("a condition of queries", "tests/unit/scans/queries/test_tasks.py"),
    "app/identity/routes/keys.py": ("routes alone", "tests/integration/test_api_keys.py"),
    "app/identity/schemas/keys.py": ("what the routes show", "tests/integration/test_api_keys.py"),
    "app/identity/api_keys.py": ("over real sockets", "tests/integration/test_api_keys.py"),
    "app/identity/opaque_access.py": ("over real sockets", "tests/integration/test_api_keys.py"),
    "app/identity/queries/api_keys.py": ("queries of one part", "tests/integration/test_api_keys.py"),
    "app/identity/queries/tokens.py": ("queries of one part", "tests/integration/test_api_keys.py"),
    "app/identity/links.py": ("over real routes", "tests/integration/test_links.py"),
    "app/identity/queries/links.py": ("queries of one part", "tests/integration/test_links.py"),
    "app/scans/link_routes.py": ("routes alone", "tests/integration/test_links.py"),
    "app/scans/schemas/links.py": ("what the routes show", "tests/integration/test_links.py"),
    "app/identity/routes/auth.py": ("routes alone", "tests/integration/test_api_auth.py"),
    "app/identity/routes/cookie_auth.py": ("routes alone", "tests/integration/test_api_cookie_auth.py"),
    "app/identity/session_cookie.py": ("a cookie, as browsers see it", "tests/integration/test_api_cookie_auth.py"),
    "app/configuration/routes/configuration.py": ("routes alone", "tests/integration/test_api_configuration.py"),
    "app/configuration/build.py": ("puts parts together", "tests/integration/test_api_configuration.py"),
    "app/api/v1/connections.py": ("routes alone", "tests/integration/test_api_monitor.py"),
    "app/api/v1/event_stream.py": ("routes alone", "tests/integration/test_streams.py"),
    "app/findings/routes/findings.py": ("routes alone", "tests/integration/test_api_findings.py"),
    "app/notifications/build.py": ("puts parts together", "tests/unit/compose/test_services.py"),
    "app/notifications/carrier.py": ("chooses the adapter", "tests/unit/notifications/test_sender.py"),
    "app/notifications/content.py": ("what is told", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/delivering.py": ("rows of senders", "tests/unit/notifications/test_sender.py"),
    "app/notifications/dependencies.py": ("a dependency alone", "tests/integration/test_notifications.py"),
    "app/notifications/feed.py": ("over the routes", "tests/integration/test_notifications.py"),
    "app/notifications/matching.py": ("what is told to whom", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/outcome.py": ("what failures are", "tests/unit/notifications/adapters/test_webhook.py"),
    "app/notifications/rules.py": ("over the routes", "tests/integration/test_notifications.py"),
    "app/notifications/tables.py": ("tables and their indexes", "tests/unit/test_plans.py"),
    "app/notifications/told.py": ("what is told once", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/adapters/answers.py": ("what answers mean", "tests/unit/notifications/adapters/test_webhook.py"),
    "app/notifications/adapters/markup.py": ("texts of robots", "tests/unit/notifications/adapters/test_robots.py"),
    "app/notifications/queries/deliveries.py": ("queries of one part", "tests/unit/notifications/test_sender.py"),
    "app/notifications/queries/digests.py": ("queries of one part", "tests/unit/notifications/test_digests.py"),
    "app/notifications/queries/feed.py": ("queries of one part", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/queries/outbox.py": ("queries of one part", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/queries/rules.py": ("queries of one part", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/queries/told.py": ("queries of one part", "tests/unit/notifications/test_outbox_reader.py"),
    "app/notifications/routes/channels.py": ("routes alone", "tests/integration/test_notifications.py"),
    "app/notifications/routes/deliveries.py": ("routes alone", "tests/integration/test_notifications.py"),
    "app/notifications/routes/feed.py": ("routes alone", "tests/integration/test_notifications.py"),
    "app/notifications/routes/rules.py": ("routes alone", "tests/integration/test_notifications.py"),
    "app/notifications/schemas/channels.py": ("bodies of routes", "tests/integration/test_notifications.py"),
    "app/notifications/schemas/feed.py": ("bodies of routes", "tests/integration/test_notifications.py"),
    "app/notifications/schemas/rules.py": ("bodies of routes", "tests/integration/test_notifications.py"),
    "app/findings/open_findings.py": ("over real rows", "tests/unit/notifications/test_outbox_reader.py"),
    "app/orders/routes.py": ("routes alone", "tests/integration/test_api_orders.py"),
    "app/orders/service.py": ("over real rows", "tests/integration/test_api_orders.py"),
    "app/orders/standings.py": ("over real rows", "tests/integration/test_api_orders.py"),
    "app/reports/formats/order_contents.py": ("over real rows", "tests/integration/test_order_reports.py"),
    "app/reports/formats/order_document.py": ("over real rows", "tests/integration/test_order_reports.py"),
    "app/reports/formats/order_tables.py": ("over real rows", "tests/integration/test_order_reports.py"),
    "app/reports/formats/order_render.py": ("over real rows", "tests/integration/test_order_reports.py"),
    "app/scans/queries/holds.py": ("queries of one part", "tests/integration/test_api_holds.py"),
    "app/scans/new_task.py": ("what rows are made of", "tests/integration/test_api_orders.py"),
    "app/orders/queries.py": ("queries of one part", "tests/integration/test_api_orders.py"),
    "app/overview/routes/overview.py": ("routes alone", "tests/integration/test_api_overview.py"),
    "app/reports/routes.py": ("routes alone", "tests/integration/test_api_reports.py"),
    "app/findings/routes/review.py": ("a route alone", "tests/integration/test_api_decisions.py"),
    "app/overview/routes/service_numbers.py": ("a route alone", "tests/integration/test_api_admin.py"),
    "app/api/v1/tasks.py": ("routes alone", "tests/integration/test_api_tasks.py"),
    "app/identity/routes/users.py": ("routes alone", "tests/integration/test_api_admin.py"),
    "app/scans/routes.py": ("routes alone", "tests/integration/test_api_admin.py"),
    "app/api/v1/websocket.py": ("routes alone", "tests/integration/test_seed_surface.py"),
    "app/server.py": ("a process, run as one", "tests/integration/test_server.py"),
    "app/cli/backup.py": ("a command, run as one", "tests/integration/test_cli_backup.py"),
    "app/cli/display/finding_record.py": ("what goldens show", "tests/unit/cli/display/test_goldens.py"),
    "app/cli/display/surroundings.py": ("what goldens show", "tests/unit/cli/display/test_goldens.py"),
    "app/cli/demo.py": ("a command, run as one", "tests/integration/test_cli_demo.py"),
    "app/cli/report.py": ("a command, run as one", "tests/integration/whole_scans/test_cli_report.py"),
    "app/cli/misused.py": ("an error alone", "tests/unit/cli/test_usage_errors.py"),
    "app/cli/scan.py": ("a command, run as one", "tests/integration/whole_scans/test_cli_scan.py"),
    "app/cli/serve.py": ("a command, run as one", "tests/integration/test_cli_serve.py"),
    "app/cli/worker.py": ("a command, run as one", "tests/system/test_distributed.py"),
    "app/identity/build.py": ("puts parts together", "tests/unit/identity/test_auth.py"),
    "app/configuration/queries/configuration.py": ("queries of one part", "tests/unit/configuration/test_service.py"),
    "app/notifications/feed_reader.py": ("reads for sockets", "tests/unit/websocket/delivery/test_feeds.py"),
    "app/websocket/connections/feed_position.py": ("a position", "tests/unit/websocket/delivery/test_feeds.py"),
    "app/websocket/messages/event_frames.py": ("models of events", "tests/unit/websocket/messages/test_frames.py"),
    "app/websocket/queries/broadcasts.py": ("queries of one part", "tests/unit/websocket/delivery/test_broadcasts.py"),
    "app/findings/decisions.py": ("over rows of real scans", "tests/integration/test_api_decisions.py"),
    "app/core/database_clock.py": ("one query", "tests/unit/websocket/connections/test_peer_servers.py"),
    "app/websocket/queries/servers.py": (
        "queries of one part",
        "tests/unit/websocket/connections/test_peer_servers.py",
    ),
    "app/identity/browser_sessions.py": ("what the routes do", "tests/integration/test_api_cookie_auth.py"),
    "app/identity/session_checks.py": ("what signing in and sockets ask", "tests/unit/identity/test_auth.py"),
    "app/identity/token_rotation.py": ("behind `AuthService.refresh`", "tests/unit/identity/test_auth.py"),
    "app/identity/queries/sign_in_counters.py": (
        "queries of one store",
        "tests/unit/identity/test_sign_in_counters.py",
    ),
    "app/compose/monitor.py": ("puts parts together", "tests/system/test_lease.py"),
    "app/compose/worker.py": ("puts parts together", "tests/system/test_distributed.py"),
    "app/worker.py": ("puts parts together", "tests/unit/tasks/dispatch/test_celery_app.py"),
    "app/scanstore/location.py": ("chooses", "tests/system/test_distributed.py"),
    "app/tasks/worker/render_service.py": ("chooses", "tests/system/test_browser_workers.py"),
    "app/tasks/rendering/main.py": ("a process, run as one", "tests/system/test_browser_workers.py"),
    "app/engines/capture/render_service.py": ("a port", "tests/unit/engines/pipeline/capture/test_screenshots.py"),
    "app/tasks/supervisor/worker_thread.py": (
        "a thread around scan_worker.py",
        "tests/unit/tasks/supervisor/test_scan_worker.py",
    ),
    "app/cli/watch.py": ("a command, run as one", "tests/integration/test_cli_watch.py"),
    "app/transport/asgi.py": ("the call behind the protocol class", "tests/unit/transport/test_websocket.py"),
    "app/transport/http.py": (
        "a protocol class on real sockets",
        "tests/integration/unhindered_loop/test_slow_requests.py",
    ),
    "app/transport/websocket_output.py": ("a half of websocket.py", "tests/unit/transport/test_websocket.py"),
    "app/websocket/asyncapi/examples.py": (
        "examples of the document",
        "tests/unit/websocket/asyncapi/test_document.py",
    ),
    "app/websocket/factory.py": ("puts parts together", "tests/integration/test_realtime.py"),
    "app/engines/parsing/connection.py": ("a half of pool.py", "tests/unit/engines/parsing/test_pool.py"),
    "app/engines/parsing/jobs.py": ("what page_parser.py asks for", "tests/unit/engines/parsing/test_page_parser.py"),
    "app/engines/parsing/serialisation.py": (
        "there and back for page_parser.py",
        "tests/unit/engines/parsing/test_page_parser.py",
    ),
    "app/engines/parsing/worker.py": ("a process, run as one", "tests/unit/engines/parsing/test_pool.py"),
    "app/engines/pipeline/crawl/crawl_stage.py": ("puts parts together", "tests/unit/engines/test_scan_executor.py"),
    "app/engines/pipeline/network_stack.py": ("puts parts together", "tests/unit/engines/test_scan_executor.py"),
    "app/engines/pipeline/resumption.py": ("a scan that goes on", "tests/fault/test_scan_killed.py"),
    "app/engines/pipeline/stage_factory.py": ("puts parts together", "tests/unit/engines/test_scan_executor.py"),
    "app/engines/pipeline/scan_pipeline.py": ("a whole scan", "tests/unit/engines/test_scan_executor.py"),
    "app/sites/build.py": ("puts parts together", "tests/integration/test_api_sites.py"),
    "app/sites/csv_import.py": ("lines over the route", "tests/integration/test_api_sites.py"),
    "app/sites/queries/plans.py": ("queries of one loop", "tests/unit/sites/test_scheduler.py"),
    "app/sites/queries/sites.py": ("queries of one part", "tests/integration/test_api_sites.py"),
    "app/sites/removal.py": ("a name", "tests/integration/test_api_sites.py"),
    "app/sites/routes.py": ("routes alone", "tests/integration/test_api_sites.py"),
    "app/sites/runs.py": ("what the routes and the loop do", "tests/unit/sites/test_scheduler.py"),
    "app/sites/schemas.py": ("bodies of one part", "tests/integration/test_api_sites.py"),
    "app/sites/tables.py": ("tables and their indexes", "tests/unit/test_plans.py"),
    "app/site_counts/summary.py": ("read by the routes of sites", "tests/integration/test_api_sites.py"),
    "app/site_counts/tables.py": ("tables and their indexes", "tests/unit/test_plans.py"),
    "app/events/tables.py": ("tables and their indexes", "tests/unit/test_plans.py"),
    "app/maintenance/queries/notified.py": ("queries of one part", "tests/unit/maintenance/test_user_scans.py"),
    "app/maintenance/queries/partitions.py": (
        "queries of one service",
        "tests/unit/maintenance/test_partition_keeper.py",
    ),
    "app/identity/queries/tickets.py": ("queries of one store", "tests/unit/identity/test_tickets.py"),
    "app/maintenance/queries/retention.py": ("queries of one loop", "tests/unit/maintenance/test_retention.py"),
    "app/configuration/schemas/configuration.py": ("bodies of one part", "tests/integration/test_api_configuration.py"),
    "app/overview/schemas/service_numbers.py": ("a body of one route", "tests/integration/test_api_admin.py"),
    "app/scans/schemas/workers.py": ("a body of one route", "tests/system/test_workers.py"),
    "app/scanstore/stored_facts.py": ("a half of every store", "tests/unit/scanstore/test_contract.py"),
    "app/identity/login.py": (
        "steps of a sign-in over the whole application",
        "tests/integration/test_login_limits.py",
    ),
    "app/reports/report_document.py": ("the report as JSON, over the route", "tests/integration/test_api_reports.py"),
    "app/reports/formats/maker.py": ("files over the route", "tests/integration/test_report_formats.py"),
    "app/reports/formats/render.py": ("a table of formats", "tests/integration/test_report_formats.py"),
    "app/reports/formats/service.py": ("files over the route", "tests/integration/test_report_formats.py"),
    "app/reports/service.py": ("lists and the report, over the routes", "tests/integration/test_api_reports.py"),
    "app/tasks/report_process/worker.py": ("a process, run as one", "tests/unit/tasks/report_process/test_process.py"),
    "app/tasks/scan_tasks.py": ("a shell of three lines", "tests/integration/test_seed_surface.py"),
}
MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 60
# Files of tests about more than one module, by what they are about.
TOPICS: dict[str, str] = {
    "tests/unit/engines/analyse/reputation/test_reputation_lists.py": "app/engines/analyse",
    "tests/unit/captures/test_contract.py": "app/captures",
    "tests/unit/cli/display/test_goldens.py": "app/cli/display",
    "tests/unit/cli/display/test_progress_goldens.py": "app/cli/display",
    "tests/unit/events/bus/test_contract.py": "app/events/bus",
    "tests/unit/engines/crawl/test_over_sockets.py": "app/engines/crawl",
    "tests/unit/engines/extract/test_hostile_pages.py": "app/engines/extract",
    "tests/unit/engines/test_patterns.py": "app/engines",
    "tests/unit/migrations/test_postgres.py": "app/migrations",
    "tests/unit/test_plans.py": "app",
    "tests/unit/test_postgres_plans.py": "app",
    "tests/unit/scanstore/test_contract.py": "app/scanstore",
    "tests/unit/transport/test_uvicorn_names.py": "app/transport",
    "tests/unit/websocket/test_loops.py": "app/websocket",
}


def modules() -> list[str]:
    """Every module of `app` that does something: it has a function with a body."""
    paths = (path for path in sorted((ROOT / "app").rglob("*.py")) if not path.name.startswith("__"))
    return [path.relative_to(ROOT).as_posix() for path in paths if "versions" not in path.parts and has_behaviour(path)]


def has_behaviour(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return any(not is_empty(statement) for function in functions for statement in function.body)


def is_empty(statement: ast.stmt) -> bool:
    """A docstring, the dots of a protocol, or `pass`."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def mirror_of(module: str) -> str:
    folder, _, name = module.removeprefix("app/").rpartition("/")
    return "/".join(part for part in ("tests/unit", folder, f"test_{name}") if part)


def test_every_module_has_its_file_of_tests():
    without = [module for module in modules() if not (ROOT / mirror_of(module)).exists()]
    assert set(without) - set(COVERED) == set()


@pytest.mark.parametrize("module", COVERED)
def test_a_module_that_others_cover_names_the_file_that_does(module):
    _, tests = COVERED[module]
    assert (ROOT / module).exists()
    assert (ROOT / tests).exists()
    assert not (ROOT / mirror_of(module)).exists()


def test_every_file_of_tests_mirrors_a_module_or_names_its_topic():
    mirrors = {mirror_of(path.relative_to(ROOT).as_posix()) for path in (ROOT / "app").rglob("*.py")}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "unit").rglob("test_*.py")}
    own = {name for name in files if not name.startswith("tests/unit/testnet/")}
    assert own - mirrors - set(TOPICS) == set()
    assert [topic for name, topic in TOPICS.items() if not (ROOT / name).exists() or not (ROOT / topic).exists()] == []


def test_no_module_is_longer_than_a_reader_takes_in():
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in map(str, (ROOT / "app").rglob("*.py"))}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_longer_than_a_screen():
    assert [name for path in (ROOT / "app").rglob("*.py") for name in long_functions(path)] == []


def long_functions(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    most = MOST_LINES_OF_A_FUNCTION
    return [
        f"{path.relative_to(ROOT)}: {node.name}" for node in functions if (node.end_lineno or 0) - node.lineno >= most
    ]

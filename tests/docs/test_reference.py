"""Settings, codes, commands and floors: the documents list what the code has, no more and no less."""

import re
import tomllib
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from app.core.config import CLIENT_VARIABLES, PREFIX, Settings
from app.domain.close_codes import CloseCode
from app.domain.messages import Language
from app.domain.projection import WORKER_LOST
from app.domain.scan_facts import FetchError
from app.events.types import WarningCode
from app.factory import create_app
from app.identity.schemas.auth import LoginRequest
from app.scans.schemas.tasks import TaskCreate
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from tests.docs.commands import command_tree, common_options, help_of
from tests.docs.markdown import DOCUMENTS, ROOT, blocks, codes, first_codes, read, rows, section
from tests.docs.source import failure_codes, given, problem_codes

SEVEN = [
    "active_users_count",
    "websocket_connections_total",
    "websocket_messages_sent",
    "websocket_connection_duration",
    "concurrent_tasks_count",
    "task_notifications_sent",
    "task_monitoring_errors",
]


# Codes of errors that no client is sent; docs/errors.md says so below its table.
NEVER_ANSWERED = ["configuration", "conflict", "forbidden", "scan_store", "token_reused", "wrong_channel"]


def plain(cell: str) -> str:
    return cell.replace("`", "")


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def default_of(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "unset"
    if isinstance(value, tuple):
        return ",".join(value) or "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return number(value) if isinstance(value, int | float) else str(value)


def bounds_of(field: FieldInfo) -> str:
    """As the tables say it: "from 1 to 10", "above 0", "one of a, b"."""
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(get_args(field.annotation))
    if field.annotation is Language:
        return "one of " + ", ".join(Language)
    words = {"gt": "above", "ge": "from", "le": "to"}
    found = [
        f"{word} {number(limit)}"
        for bound in field.metadata
        for name, word in words.items()
        if (limit := getattr(bound, name, None)) is not None
    ]
    return " ".join(found)


def test_every_setting_is_described_with_its_default_and_bounds():
    said = {plain(name): (plain(default), plain(bounds)) for name, default, bounds, _ in rows(read("docs/settings.md"))}
    real = {
        PREFIX + name.upper(): (default_of(field), bounds_of(field)) for name, field in Settings.model_fields.items()
    }
    assert said == real


def test_every_setting_has_a_meaning():
    assert all(meaning.endswith(".") for *_, meaning in rows(read("docs/settings.md")))


def test_variables_that_are_no_settings_are_described():
    assert set(codes(section(read("docs/settings.md"), "What is no setting of the server"))) >= CLIENT_VARIABLES


@pytest.mark.parametrize("name", SEVEN)
def test_each_of_the_seven_promised_metrics_is_there(name):
    cells = [" ".join(cells[:2]) for cells in rows(section(read("docs/metrics.md"), "Metrics"))]
    assert any(f"`{name}`" in cell for cell in cells)


def test_every_action_of_the_audit_log_is_described():
    said = first_codes(section(read("docs/metrics.md"), "Audit log"))
    written = given({"record", "_record"}, keyword="action", position=0) | given({"AuditRow"}, position=1)
    matches_exactly(said, written)


def matches_exactly(said: list[str], patterns: set[str]) -> None:
    """Every pattern is met by what is documented, and everything documented meets one."""
    unmet = {pattern for pattern in patterns if not any(re.fullmatch(pattern, code) for code in said)}
    unknown = {code for code in said if not any(re.fullmatch(pattern, code) for pattern in patterns)}
    assert (unmet, unknown) == (set(), set())
    assert len(said) == len(set(said))


def test_every_code_of_a_problem_is_described():
    text = section(read("docs/errors.md"), "Answers of REST")
    said = first_codes(text)
    never = codes(text.rpartition("|\n")[2])
    assert set(NEVER_ANSWERED) <= set(never)
    matches_exactly([*said, *NEVER_ANSWERED], problem_codes())


def test_every_reason_to_end_a_connection_is_described_with_its_status():
    from app.transport.http_limits import REASONS

    said = {
        plain(reason): status
        for reason, status, _ in rows(section(read("docs/errors.md"), "Refused before the application"))
    }
    assert said == {reason: "" if status is None else str(status.value) for reason, status in REASONS.items()}


def test_every_status_beside_a_code_is_right():
    from app.api.errors import CODES
    from app.core import errors

    by_code = {
        error.code: error.status
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.ScannerError)
    }
    by_code |= {code: status for status, code in CODES.items()}
    said = {plain(code): int(status) for code, status, _ in rows(section(read("docs/errors.md"), "Answers of REST"))}
    assert {code: said[code] for code in by_code if code not in NEVER_ANSWERED} == {
        code: status for code, status in by_code.items() if code not in NEVER_ANSWERED
    }


def refusals() -> set[str]:
    return given({"Refusal"}, keyword="reason", position=1)


@pytest.mark.parametrize(
    ("title", "real"),
    [
        ("Errors on the WebSocket", lambda: {code.value for code in [*ErrorCode, *SnapshotReason]}),
        ("Why a snapshot came instead of a replay", lambda: {code.value for code in SnapshotReason}),
        ("Close codes", lambda: {str(code.value) for code in CloseCode} | refusals()),
        ("Refused before the upgrade", refusals),
        ("How an attempt fails", lambda: failure_codes() | {WORKER_LOST}),
        ("Warnings of a task", lambda: set(get_args(WarningCode))),
        ("Why a page could not be fetched", lambda: {code.value for code in FetchError}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_code_is_described(title, real):
    assert set(first_codes(section(read("docs/errors.md"), title))) == real()


def test_every_reason_of_a_close_is_described():
    table = [cells for cells in rows(section(read("docs/errors.md"), "Close codes")) if plain(cells[0]).isdigit()]
    said = {int(plain(cells[0])): set(codes(cells[1])) for cells in table}
    assert said == {int(code): set(code.reasons) - {""} for code in CloseCode}
    assert given({"close"}, keyword="reason", position=1) <= set.union(*said.values())


def test_every_command_is_described():
    listed = list(rows(read("docs/cli.md").partition("## Exit codes")[0]))
    assert {plain(cells[0]) for cells in listed} == set(command_tree())
    for name, what in listed:
        assert help_of(plain(name)).startswith(what.rstrip(".")), name


@pytest.mark.parametrize("command", sorted(command_tree()))
def test_every_option_of_a_command_is_described(command):
    assert set(first_codes(section(read("docs/cli.md"), command))) == command_tree()[command]


def test_the_common_options_are_described():
    assert common_options() <= set(codes(read("docs/cli.md").partition("## Exit codes")[0]))


def test_the_floors_are_those_of_the_contract():
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    real = [{part.strip().removeprefix("app.") for part in layer.split("|")} for layer in layers]
    said = [set(codes(cells[0])) for cells in rows(section(read("docs/architecture.md"), "Floors"))]
    assert said == real


def test_every_module_of_the_real_time_side_is_named():
    named = {code for page in ("realtime", "architecture", "scan") for code in codes(read(f"docs/{page}.md"))}
    rooms = ("websocket", "transport", "events", "monitor")
    for path in [path for room in rooms for path in ROOT.glob(f"app/{room}/**/*.py")]:
        if path.name != "__init__.py":
            assert str(path.relative_to(ROOT)) in named


def test_every_module_of_the_crawl_is_named():
    text = read("docs/crawl.md")
    for room in ("crawl", "discover", "extract", "net"):
        for path in (ROOT / "app/engines" / room).glob("*.py"):
            assert path.stem == "__init__" or re.search(rf"\b{path.stem}\b", text), path


def test_every_address_that_is_named_exists(tmp_path):
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    known = {(method.upper(), nameless(path)) for path, methods in paths.items() for method in methods}
    for document in DOCUMENTS:
        for method, address in re.findall(
            r"`(GET|POST|PATCH|DELETE) (/[^`?\s]+)", document.read_text(encoding="utf-8")
        ):
            assert (method, nameless(address)) in known, f"{document.name}: {method} {address}"


def test_every_object_that_is_named_by_its_module_exists():
    """As uvicorn and Celery take them: `app.transport.websocket:WebSocketProtocol`."""
    texts = " ".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"\b(app(?:\.\w+)+):(\w+)", texts))
    assert named
    missing = [f"{module}:{name}" for module, name in named if not hasattr(import_module(module), name)]
    assert missing == []


def nameless(address: str) -> str:
    return re.sub(r"\{\w+\}", "{}", address)


def test_every_body_that_curl_sends_is_understood():
    models = {"/api/v1/auth/login": LoginRequest, "/api/v1/tasks": TaskCreate}
    calls = [
        (address, body)
        for block in blocks(read("README.md"))
        for address, body in re.findall(
            r"curl -s http://[\d.:]+(/\S+)(?:[^']|'[^{][^']*')*?-d\s+'({[^']+})'", block.body
        )
    ]
    assert len(calls) == 2
    for address, body in calls:
        models[address].model_validate_json(body)

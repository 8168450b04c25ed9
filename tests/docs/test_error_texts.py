"""Every code of an error has its text in every language, and nothing for a client is written where it is raised."""

import ast
import re
from string import Formatter

import pytest
from pydantic_core._pydantic_core import list_all_errors  # the public list has no parameters

from app.api.errors import CODES
from app.core import errors
from app.core.changeable_settings import FaultCode
from app.core.db_backend import Failure
from app.domain.messages import Language, MessageCatalog
from tests.docs import texts
from tests.docs.source import _last_name, family, given, nodes, problem_codes

TEXTS = MessageCatalog(Language.EN)._texts
# What neither a JSON body nor a parameter of an address can be refused for: no field of ours is of such a kind.
OF_OTHER_TYPES = re.compile(
    r"(arguments|bytes|callable|complex|counter|dataclass|date|datetime|decimal|default|deque|ellipsis|fraction|frozen"
    r"|get_attribute|is_|iterable|iteration|json|mapping|missing_|multiple|named_tuple|needs|no_such|none_required"
    r"|ordered_dict|recursion|set|string_not_ascii|time|timezone|unexpected|union|url|uuid)"
)
# Where an error is raised by somebody else in our name: InUse by FileLock, the failures of the database by themselves.
HANDED_ON = {"FileLock", "InUse", "__init__"}


def keys(prefix: str) -> set[str]:
    return {key.removeprefix(prefix) for key in TEXTS if key.startswith(prefix)}


def fields_of(key: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(TEXTS[key]) if name}


def calls(names: set[str], among: list[ast.AST] | None = None) -> list[ast.Call]:
    found = nodes() if among is None else among
    return [node for node in found if isinstance(node, ast.Call) and _last_name(node.func) in names]


def command_line() -> list[ast.AST]:
    return [node for name, tree in texts.modules().items() if name.startswith("app/cli/") for node in ast.walk(tree)]


def test_every_code_has_its_text_and_every_text_its_code():
    named = (
        problem_codes()
        | given({*family("ScannerError"), *HANDED_ON}, keyword="text")
        | given({"_files_unavailable"}, position=0)
    )
    named -= {"configuration"}
    assert {code for code in named if not any(re.fullmatch(code, key) for key in keys("error."))} == set()
    assert {key for key in keys("error.") if not any(re.fullmatch(code, key) for code in named)} == set()


def test_every_error_gives_its_text_the_values_that_stand_in_it():
    own = {"code", "text", "retry_after_s", None}
    for call in [*calls(set(family("ScannerError"))), *calls({"InvalidTarget"})]:
        given_values = {keyword.arg for keyword in call.keywords} - own
        constants = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
        code = call.args[0].value if _last_name(call.func) == "InvalidTarget" else constants.get("code")
        key = f"error.{constants.get('text', code)}"
        if key in TEXTS:
            assert given_values == fields_of(key), ast.unparse(call)


def test_no_error_for_a_client_is_written_where_it_is_raised():
    # Failures of the database say which it was, and that has a text (`failure.*`).
    family_of_clients = set(family("ScannerError")) - set(family("DatabaseUnavailable"))
    written = [ast.unparse(call) for call in calls(family_of_clients) if call.args]
    assert written == []


def test_no_error_of_the_command_line_is_written_in_one_language():
    """It has a key (`text=`), or is a text of the catalogue."""
    raised = [call for call in calls(set(family("ScannerError")), command_line()) if call.args]
    assert len(raised) > 10
    assert [ast.unparse(call) for call in raised if not is_text(call.args[0])] == []


def is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and _last_name(value.func) in texts.CATALOGUES


def test_every_failure_of_the_database_has_its_text():
    assert {failure.key for failure in Failure} == keys("failure.")


@pytest.mark.parametrize("status", sorted({*CODES, *(kind.status for kind in errors.ScannerError.__subclasses__())}))
def test_every_status_has_its_title(status):
    assert str(status) in keys("status.")


def test_whatever_a_field_is_refused_for_is_said_in_words():
    of_pydantic = {item["type"]: item for item in list_all_errors() if not OF_OTHER_TYPES.match(item["type"])}
    ours = given({"PydanticCustomError"}, position=0) | set(FaultCode)
    free = {"value_error", "assertion_error"}  # our validators raise errors with codes of their own
    assert keys("field.") == {*of_pydantic, *ours, "invalid"} - free
    for kind, item in of_pydantic.items():
        if kind not in free:
            assert fields_of(f"field.{kind}") <= set(item.get("example_context") or {}), kind


def test_a_validator_of_ours_says_its_code():
    modules = [node for node in nodes() if isinstance(node, ast.Module)]
    schemas = [node for node in modules if "PydanticCustomError" in ast.unparse(node)]
    assert schemas
    validators = [node for module in schemas for node in ast.walk(module) if is_validator(node)]
    assert len(validators) > 5
    raised = [node for validator in validators for node in ast.walk(validator) if isinstance(node, ast.Raise)]
    assert {_last_name(node.exc.func) for node in raised if isinstance(node.exc, ast.Call)} == {"PydanticCustomError"}


def is_validator(node: ast.AST) -> bool:
    """Whether it may raise for a value that was sent: pydantic calls it, by a decorator or from an annotation."""
    return isinstance(node, ast.FunctionDef) and bool(node.decorator_list or node.name.startswith("_"))

"""Errors as problem details: status, code and headers, and nothing that was not meant for clients."""

import orjson
import pytest

from app.api.errors import MEDIA_TYPE, problem, problem_of
from app.core.errors import ConfigurationError, LimitReached, NotFound, Unauthenticated, Unavailable
from app.core.trace_context import current
from app.domain.messages import Language


def body(response) -> dict[str, object]:
    return orjson.loads(response.body)


def test_a_problem_has_the_fields_of_the_standard():
    response = problem(Language.EN, 404, "not_found", detail="Gone.")
    assert response.media_type == MEDIA_TYPE
    assert body(response) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Gone.",
        "code": "not_found",
        "trace_id": current().trace_id,
    }


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (NotFound("x"), 404, {}),
        (Unauthenticated("x"), 401, {"www-authenticate": "Bearer"}),
        (LimitReached("x", retry_after_s=1.2), 429, {"retry-after": "2"}),
        (Unavailable("x"), 503, {"retry-after": "1"}),
    ],
)
def test_our_errors_keep_their_status_and_say_when_to_come_back(error, status, headers):
    response = problem_of(error, Language.EN)
    assert (response.status_code, body(response)["code"]) == (status, error.code)
    assert headers.items() <= dict(response.headers).items()


def test_what_is_wrong_with_us_is_not_told():
    response = problem_of(ConfigurationError("the path /secret is broken"), Language.EN)
    assert (response.status_code, body(response)["code"]) == (500, "internal")
    assert b"/secret" not in response.body


def test_a_problem_speaks_the_readers_language_and_says_which():
    response = problem_of(NotFound(text="no_such_task"), Language.ZH_CN)
    assert (body(response)["title"], body(response)["detail"]) == ("未找到", "找不到该扫描。")
    assert response.headers["content-language"] == "zh-CN"

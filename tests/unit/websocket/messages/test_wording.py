import pytest

from app.domain.messages import Language
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.wording import result_error, say


@pytest.mark.parametrize(
    ("language", "said"), [(Language.EN, "The field task_id is missing."), (Language.ZH_CN, "缺少字段 task_id。")]
)
def test_a_message_is_in_the_readers_language(language, said):
    assert say("field_missing", language, field="task_id") == said


def test_a_result_says_its_code_in_words():
    error = result_error(ErrorCode.NOT_FOUND, Language.ZH_CN)
    assert (error.code, error.message) == ("not_found", "找不到该扫描。")

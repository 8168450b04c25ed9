from app.domain.field_problem import describe_field_problem
from app.domain.messages import MessageCatalog

CHINESE = MessageCatalog("zh-CN")


def test_bounds_are_told():
    assert describe_field_problem("less_than_equal", {"le": 10}, CHINESE) == "不能大于 10"


def test_choices_are_a_list_in_the_readers_language():
    told = describe_field_problem("literal_error", {"expected": "'DEBUG', 'INFO' or 'ERROR'"}, CHINESE)
    assert told == f"只能是 {CHINESE.join_terms(['DEBUG', 'INFO', 'ERROR'])}"


def test_a_kind_without_a_text_is_not_valid():
    assert describe_field_problem("path_type", {}, CHINESE) == "无效"

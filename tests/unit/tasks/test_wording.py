from hypothesis import given
from hypothesis import strategies as st

from app.tasks.wording import MAX_LINE_BYTES, clean_json, clean_line, clean_url


def test_a_newline_of_a_page_cannot_begin_a_log_line_of_its_own():
    assert clean_line("title\r\n2026 ERROR forged\x1b[31m") == "title\\r\\n2026 ERROR forged\\x1b[31m"


def test_user_info_and_tokens_are_taken_out_of_every_url_in_a_line():
    line = clean_line("from https://u:p@a.example/x?token=abc&page=2 to http://b.example/?session_id=1")
    assert line == "from https://a.example/x?token=***&page=2 to http://b.example/?session_id=***"


def test_chinese_text_stays_readable():
    assert clean_line("发现 12 个子域名") == "发现 12 个子域名"


def test_marks_that_turn_the_direction_of_text_are_escaped():
    assert clean_line("a\u202eb") == "a\\u202eb"


@given(st.text(max_size=3_000))
def test_a_line_can_always_be_encoded_and_is_never_longer_than_its_limit(text):
    assert len(clean_line(text).encode()) <= MAX_LINE_BYTES


def test_a_cut_line_says_that_something_is_missing():
    line = clean_line("界a" * 5_000)
    assert len(line.encode()) <= MAX_LINE_BYTES
    assert line.endswith("…")


def test_evidence_is_cleaned_at_every_depth():
    cleaned = clean_json({"snippet": "a\x1bb", "terms": ("x\x00",), "score": 0.5, "offset": None})
    assert cleaned == {"snippet": "a\\x1bb", "terms": ["x\\x00"], "score": 0.5, "offset": None}


def test_the_lines_of_a_quoted_text_stay_lines():
    assert clean_json({"snippet": "one\r\ntwo\n\x1b[31mthree"}) == {"snippet": "one\ntwo\n\\x1b[31mthree"}
    assert len(str(clean_json("界\n" * 9_000)).encode()) <= MAX_LINE_BYTES


def test_a_url_for_people_has_no_half_surrogates():
    assert clean_url("https://a.example/\ud800?api_key=1") == "https://a.example/\\ud800?api_key=***"

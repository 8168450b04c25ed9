from dataclasses import fields, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog, Text
from app.domain.violations import Evidence, Layer
from app.tasks.sink.sanitising import (
    MAX_LINE_BYTES,
    MAX_PARAM_BYTES,
    MAX_URL_CHARS,
    MODULE_CHARS,
    clean_entry,
    clean_json,
    clean_line,
    clean_message,
    clean_url,
    clean_violation,
)
from tests.support.violations import new_violation

TEXTS = MessageCatalog("en")


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


def hostile_texts(fact, but):
    texts = {item.name for item in fields(fact) if type(getattr(fact, item.name)) is str} - but
    return replace(fact, **dict.fromkeys(texts, "https://u:p@a.example/?token=abc\x1b")), texts


def test_every_text_of_a_violation_is_cleaned_and_what_finds_its_row_stays():
    evidence = Evidence(Layer.TEXT, "rule", 0.9, snippet="a\x1bb")
    fact, texts = hostile_texts(new_violation(evidence=(evidence,)).fact, {"domain"})
    cleaned = clean_violation(fact)
    assert {"description", "url", "found_on"} <= texts
    assert {getattr(cleaned, name) for name in texts} == {"https://a.example/?token=***"}
    kept = ("domain", "violation_key", "confidence_score", "needs_review")
    assert [getattr(cleaned, name) for name in kept] == [getattr(fact, name) for name in kept]
    assert [item.snippet for item in cleaned.evidence] == ["a\\x1bb"]


def test_an_address_of_a_violation_is_cut_as_an_address_and_a_description_as_a_line():
    long = "https://a.example/" + "x" * 20_000
    cleaned = clean_violation(new_violation(description=long, url=long, found_on=long).fact)
    assert (len(cleaned.description.encode()), len(cleaned.url)) == (MAX_LINE_BYTES, MAX_URL_CHARS)
    assert cleaned.found_on == cleaned.url


def test_every_text_of_a_log_line_is_cleaned_and_its_level_and_time_stay():
    entry, texts = hostile_texts(LogEntry("INFO", "", "", datetime(2026, 1, 1, tzinfo=UTC)), {"level"})
    cleaned = clean_entry(entry)
    assert {"module", "message"} <= texts
    assert {getattr(cleaned, name) for name in texts} == {"https://a.example/?token=***"}
    assert (cleaned.level, cleaned.created_at) == (entry.level, entry.created_at)


def test_what_a_sentence_was_made_of_is_cleaned_and_bounded_with_it():
    hostile = "https://a.example/?token=abc\n\x1b[31m\u202e" + "x" * 20_000
    entry = clean_entry(LogEntry("INFO", "m", TEXTS("captured", url=hostile, status=TEXTS("unreadable_cpu"))))
    assert isinstance(entry.message, Text)
    assert entry.message.params["status"] == {"text_key": "unreadable_cpu", "params": {}}
    kept = entry.message.params["url"]
    assert kept.startswith("https://a.example/?token=***")
    assert len(kept.encode()) <= MAX_PARAM_BYTES
    for text in (kept, entry.message):
        assert not set(text) & set("\n\x1b\u202e")
    usual = clean_message(TEXTS("captured", url="https://a.example/?token=abc", status=200))
    assert usual == TEXTS("captured", url="https://a.example/?token=***", status=200)


def test_a_speakers_name_is_cut_to_its_column():
    assert clean_entry(LogEntry("INFO", "x" * 100, "y" * 100)) == LogEntry("INFO", "x" * MODULE_CHARS, "y" * 100)

import pytest

from app.cli.lost_connection import describe_loss
from app.domain.close_codes import CloseCode
from app.domain.messages import Language, MessageCatalog
from app.websocket.messages.codes import ErrorCode
from tests.support.said import said

# RFC 6455, section 7.4.1: what the server or a proxy closes with by itself.
PROTOCOL = {"1002", "1006", "1007", "1009"}
# Of the client: what it tells of a connection, and of an answer that is none of ours.
OURS = {
    *("no_answer", "no_such_host", "bad_certificate", "no_tls", "refused_there", "cut", "no_way", "not_ours"),
    *("unreachable", "not_json", "invalid_url", "refused"),
}
# Of the REST interface, which gives out tickets.
REST = {"invalid_ticket", "unavailable", "database_unavailable", "database_damaged"}
REASONS = {reason for code in CloseCode for reason in code.reasons if reason}
CODES = {str(int(code)) for code in CloseCode}


@pytest.mark.parametrize("language", Language)
def test_every_reason_that_the_server_gives_is_told_in_words(language):
    texts = MessageCatalog(language)
    given = {*REASONS, *CODES, *PROTOCOL, *OURS, *REST, *map(str, ErrorCode)}
    assert {reason for reason in given if describe_loss(reason, texts).key == "lost.unknown"} == set()
    told = {key.removeprefix("lost.") for key in texts._texts if key.startswith("lost.")}
    assert told - given == {"http", "unknown"}


@pytest.mark.parametrize(
    ("reason", "key", "values"),
    [("1006", "1006", {}), ("http_503", "http", {"status": 503}), ("new_reason", "unknown", {"code": "new_reason"})],
)
def test_a_reason_is_told_in_the_readers_language(reason, key, values):
    assert describe_loss(reason, MessageCatalog("zh-CN")) == said(f"lost.{key}", "zh-CN", **values)

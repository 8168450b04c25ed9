"""Entries that would accuse what everybody uses, or what a deployment allows."""

from app.domain.reputation_lists import ListKind
from app.domain.violations import ViolationKey
from app.engines.lists.judge import Judge


def test_entries_that_an_allow_list_has_are_refused_however_exact(compile_list, tmp_path):
    _, allow = compile_list(
        "partner.example\nhttps://shop.casino.example/a\n", kind=ListKind.ALLOW, category=ViolationKey.OTHER
    )
    result, file = compile_list(
        "partner.example\nwww.partner.example\nhttps://partner.example/x\n"
        "https://shop.casino.example/a\nhttps://shop.casino.example/b\nnotpartner.example\n",
        judge=Judge([allow]),
    )
    assert result.refused == {"allowed": 4}
    assert list(file.keys()) == ["https://shop.casino.example/b", "notpartner.example"]


def test_an_allow_list_may_name_known_services(compile_list):
    result, file = compile_list("jsdelivr.net\n", kind=ListKind.ALLOW)
    assert list(file.keys()) == ["jsdelivr.net"]
    assert not result.refused

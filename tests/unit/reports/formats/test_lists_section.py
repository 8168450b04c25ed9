import pytest

from app.domain.messages import MessageCatalog
from app.domain.reputation_lists import ListKind, UsedList
from app.reports.formats.blocks import Heading, Table
from app.reports.formats.lists_section import lists_section


def used(kind):
    return UsedList("1", "feed", kind, "https://lists.example/a", "2026-11-20", "ab" * 32, 18_204, "1" * 64, 1)


def test_a_scan_without_lists_has_no_section():
    assert list(lists_section((), MessageCatalog("en"))) == []


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        ("en", ListKind.BLOCK, "feed (block list), https://lists.example/a"),
        ("en", ListKind.ALLOW, "feed (allow list), https://lists.example/a"),
        ("zh-CN", ListKind.BLOCK, "feed（黑名单），https://lists.example/a"),
    ],
)
def test_each_list_stands_there_with_its_date_its_entries_and_its_hash(language, kind, said):
    heading, table = lists_section([used(kind)], MessageCatalog(language))
    assert isinstance(heading, Heading)
    assert isinstance(table, Table)
    assert table.rows == [[said, "2026-11-20", "18204", "ab" * 32]]

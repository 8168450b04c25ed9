"""The section that names what may be the target's own."""

import pytest

from app.domain.messages import MessageCatalog
from app.domain.own_domains import OwnSign, PossiblyOwn
from app.reports.formats.blocks import Table
from app.reports.formats.possibly_own_section import possibly_own_section


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_each_domain_stands_with_all_that_speaks_for_it(language):
    texts = MessageCatalog(language)
    found = [PossiblyOwn("a.example", tuple(OwnSign)), PossiblyOwn("b.example", (OwnSign.REGISTRANT,))]
    (table,) = [block for block in possibly_own_section(found, texts) if isinstance(block, Table)]
    assert [row[0] for row in table.rows] == ["a.example", "b.example"]
    assert all(str(texts(f"own_sign.{sign}")) in table.rows[0][1] for sign in OwnSign)
    assert table.rows[1][1] == texts("own_sign.registrant")


def test_without_any_there_is_no_section():
    assert list(possibly_own_section([], MessageCatalog("en"))) == []

from datetime import UTC, datetime

import pytest

from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import Heading, Table
from app.reports.formats.contents import Origin
from app.reports.formats.sign_off import sign_off


@pytest.mark.parametrize(("language", "role"), [("en", "Approved by"), ("zh-CN", "批准")])
def test_there_is_a_line_to_sign_for_each_role(language, role):
    origin = Origin(made_by="mei\x1b[31m", made_at=datetime(2026, 1, 2, tzinfo=UTC), program="scanner 1.0")
    heading, _, table = sign_off(origin, MessageCatalog(language))
    assert isinstance(heading, Heading)
    assert isinstance(table, Table)
    assert len(table.rows) == 3
    assert [row[0] for row in table.rows][2] == role
    assert "mei" in table.rows[0][1]
    assert "\x1b" not in table.rows[0][1]
    assert all(len(row) == len(table.columns) and all(row) for row in table.rows)  # no cell without a height

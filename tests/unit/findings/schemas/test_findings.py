"""The documents of findings refuse what they do not say."""

import pytest
from pydantic import ValidationError

from app.findings.schemas.findings import FindingPage, ThirdPartyDetail


def test_an_empty_list_is_a_document():
    counts = {"risk_level": {}, "violation_key": {}, "hidden": {}, "decision": {}, "assignee": []}
    sums = {"by_level": {}, "counts": counts, "domains": 0, "checked": 0, "checkable": 0}
    sums |= {"open_counts": {}, "open_domains": 0, "dismissed": 0}
    page = {"items": [], "total": 0, "truncated": False, "attempt": 1, **sums}
    assert FindingPage.model_validate(page).items == []


def test_what_is_not_documented_is_refused():
    with pytest.raises(ValidationError):
        FindingPage.model_validate({"items": [], "total": 0, "truncated": False, "more": 1})
    with pytest.raises(ValidationError):
        ThirdPartyDetail.model_validate({})

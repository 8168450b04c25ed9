"""All third parties of a list, as a file has them."""

from functools import partial

import orjson
import pytest

from app.core.errors import InvalidInput
from app.inventory import party_export as module
from app.inventory.party_export import export_request, read_all
from app.inventory.queries.party_totals import ANY_RISK, PartyFilter
from tests.unit.inventory.test_party_service import add, list_judged, list_site
from tests.unit.overview.test_queries import World


@pytest.fixture
def judged(db):
    return list_judged(World(db))


def exported(world, principal, wanted=None, sort="-risk", **more):
    """As another process reads it."""
    request = orjson.loads(orjson.dumps(export_request(principal, wanted or PartyFilter(), sort)))
    return world.db.read_sync(partial(read_all, request=request, **more))


def test_all_that_fit_are_read_in_their_order_with_their_facts(judged, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    mei = judged.principal("mei")
    add(judged, "maps.test", "c.test", services=[("Maps", "maps")], page_count=4)
    list_site(judged, "c.test", task_id="c")
    found = exported(judged, mei)
    assert [(item["domain"], item["risk_level"]) for item in found[:2]] == [
        ("casino.test", "critical"),
        ("mild.test", "low"),
    ]
    assert len(found) == 6
    assert next(item for item in found if item["domain"] == "maps.test")["services"] == ["Maps"]
    some = exported(judged, mei, PartyFilter(risk=ANY_RISK, q="mild"))
    assert [item["domain"] for item in some] == ["mild.test"]
    assert len(exported(judged, mei, at_most=3)) == 3


def test_nobody_gets_what_is_of_others(judged):
    assert exported(judged, judged.principal("li")) == []


def test_an_unknown_order_is_refused_before_a_process_begins(judged):
    with pytest.raises(InvalidInput):
        export_request(judged.principal("mei"), PartyFilter(), "page")

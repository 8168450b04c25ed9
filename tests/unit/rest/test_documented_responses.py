"""How a route may answer."""

from app.core.errors import Conflict, LimitReached
from app.rest.documented_responses import CODES, codes_of, refused, sent


def test_what_is_refused_stands_beside_what_is_sent():
    both = sent("All of it", "text/csv") | refused(Conflict, "contended") | refused(LimitReached)
    assert list(both) == [200, 409, 429]
    assert list(both[200]["content"]) == ["text/csv"]
    assert both[409] == {CODES: ["contended"]}
    assert codes_of(both[429]) == ["rate_limited"]
    assert codes_of(both[200]) == []

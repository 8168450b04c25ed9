"""What a scan keeps of domains that may be the target's own."""

import json

from app.domain.own_domains import OwnSign, PossiblyOwn, possibly_own_of, to_json


def test_what_was_kept_is_read_back_by_domain():
    found = [PossiblyOwn("b.example", (OwnSign.REGISTRANT,)), PossiblyOwn("a.example", tuple(OwnSign))]
    assert possibly_own_of(json.loads(json.dumps(to_json(found)))) == tuple(reversed(found))


def test_a_scan_that_has_kept_nothing_suggests_nothing():
    assert possibly_own_of(None) == ()

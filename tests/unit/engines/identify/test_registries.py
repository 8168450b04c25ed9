"""Which registry is asked: the longest suffix of a list in IANA's form."""

import orjson
import pytest

from app.engines.identify.registries import MalformedList, Registries, read_registries, shipped_registries


def listed(*services, publication="2026-11-26T01:02:03Z"):
    return orjson.dumps({"version": "1.0", "publication": publication, "services": services})


def test_the_longest_suffix_decides():
    found = read_registries(
        listed([["example", "test"], ["https://a.test/x"]], [["CO.example"], ["http://b.test/", "https://c.test/"]])
    )
    assert found.published == "2026-11-26"
    assert found.server_for("party.example") == "https://a.test/x/"
    assert found.server_for("party.co.example") == "https://c.test/"
    assert found.server_for("party.invalid") is None
    assert found.server_for("example") is None
    assert Registries().server_for("a.example") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"services": 1, "publication": ""}',
        b'{"services": [[1]], "publication": ""}',
        b'{"services": [[1, 2]], "publication": ""}',
        listed(),
        listed([["test"], ["ftp://a.test/", "gopher://b.test/"]]),
    ],
)
def test_what_is_no_list_is_refused(body):
    with pytest.raises(MalformedList):
        read_registries(body)


def test_the_shipped_table_has_common_domains_and_its_date():
    shipped = shipped_registries()
    assert shipped.published >= "2026-11-26"
    assert shipped.server_for("example.com") == "https://rdap.verisign.com/com/v1/"
    assert all(server.startswith("https://") for server in shipped.servers.values())

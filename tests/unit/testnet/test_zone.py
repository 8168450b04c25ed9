import pytest

from testnet.model import Name
from testnet.zone import Zone

NAMES = (
    Name(name="corp.test", records=(("A", "127.64.1.1"), ("TXT", '"v=spf1 -all"'))),
    Name(name="a.deep.corp.test", records=(("A", "127.64.1.2"),)),
    Name(name="alias.corp.test", records=(("CNAME", "step.other.test"),)),
    Name(name="step.other.test", records=(("CNAME", "a.deep.corp.test"),)),
    Name(name="dangling.corp.test", records=(("CNAME", "gone.other.test"),)),
    Name(name="loop.corp.test", records=(("CNAME", "loop.other.test"),)),
    Name(name="loop.other.test", records=(("CNAME", "loop.corp.test"),)),
    Name(name="*.dev.corp.test", records=(("A", "127.64.1.9"),)),
    Name(name="real.dev.corp.test", records=(("A", "127.64.1.8"),)),
    Name(name="lame.corp.test", rcode="SERVFAIL", delay_ms=800),
)


@pytest.fixture
def zone():
    return Zone({name.name: name for name in NAMES})


def values(reply):
    return [(record.name, record.type, record.value) for record in reply.records]


def test_a_name_answers_with_its_records_of_the_type(zone):
    reply = zone.answer("corp.test", "A")
    assert (reply.rcode, values(reply)) == ("NOERROR", [("corp.test", "A", "127.64.1.1")])


def test_a_name_without_records_of_the_type_is_no_data(zone):
    reply = zone.answer("corp.test", "AAAA")
    assert (reply.rcode, reply.records) == ("NOERROR", ())


def test_an_empty_non_terminal_is_no_data_and_not_missing(zone):
    assert zone.answer("deep.corp.test", "A").rcode == "NOERROR"


@pytest.mark.parametrize("name", ["nobody.corp.test", "nobody.deep.corp.test", "elsewhere.example", "test.corp"])
def test_a_name_that_nobody_has_does_not_exist(zone, name):
    assert zone.answer(name, "A").rcode == "NXDOMAIN"


def test_a_chain_of_aliases_is_answered_whole(zone):
    assert values(zone.answer("alias.corp.test", "A")) == [
        ("alias.corp.test", "CNAME", "step.other.test"),
        ("step.other.test", "CNAME", "a.deep.corp.test"),
        ("a.deep.corp.test", "A", "127.64.1.2"),
    ]


def test_an_alias_asked_for_itself_is_not_followed(zone):
    assert values(zone.answer("alias.corp.test", "CNAME")) == [("alias.corp.test", "CNAME", "step.other.test")]


def test_an_alias_to_nothing_says_so_and_shows_the_alias(zone):
    reply = zone.answer("dangling.corp.test", "A")
    assert (reply.rcode, len(reply.records)) == ("NXDOMAIN", 1)


def test_a_loop_of_aliases_is_a_server_failure(zone):
    assert zone.answer("loop.corp.test", "A").rcode == "SERVFAIL"


def test_a_wildcard_answers_for_names_that_do_not_exist(zone):
    assert values(zone.answer("x.dev.corp.test", "A")) == [("x.dev.corp.test", "A", "127.64.1.9")]
    assert values(zone.answer("x.y.dev.corp.test", "A")) == [("x.y.dev.corp.test", "A", "127.64.1.9")]


def test_a_wildcard_steps_back_for_names_that_exist(zone):
    assert values(zone.answer("real.dev.corp.test", "A")) == [("real.dev.corp.test", "A", "127.64.1.8")]
    assert zone.answer("below.real.dev.corp.test", "A").rcode == "NXDOMAIN"


def test_a_wildcards_own_zone_has_no_address(zone):
    assert (zone.answer("dev.corp.test", "A").rcode, zone.answer("dev.corp.test", "A").records) == ("NOERROR", ())


def test_a_lame_name_fails_late(zone):
    reply = zone.answer("lame.corp.test", "A")
    assert (reply.rcode, reply.delay_ms) == ("SERVFAIL", 800)

import socket

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from testnet.ground import Ground


@pytest.fixture
def ask(running):
    address, port = running.settings["resolvers"][0].split(":")

    def ask(name, rdtype="A", *, over=dns.query.udp, **edns):
        return over(dns.message.make_query(name, rdtype, **edns), address, port=int(port), timeout=60)

    return ask


def test_a_host_is_resolved_to_its_own_address(ask, world):
    response = ask("www.corp.test")
    assert [str(record) for record in response.answer[0]] == [world.hosts["www.corp.test"].address]
    assert response.flags & dns.flags.RA


def test_names_are_matched_without_regard_to_case(ask):
    assert ask("WwW.CoRp.TeSt").answer


def test_a_missing_name_is_nxdomain_with_the_zones_authority(ask):
    response = ask("canary-1.invalid")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.authority[0].rdtype == dns.rdatatype.SOA


def test_a_name_without_an_address_is_nodata(ask):
    response = ask("ftp.corp.test")
    assert (response.rcode(), response.answer, len(response.authority)) == (dns.rcode.NOERROR, [], 1)


def test_an_alias_leads_to_the_last_names_address(ask):
    assert [answer.rdtype for answer in ask("wap.corp.test").answer] == [
        dns.rdatatype.CNAME,
        dns.rdatatype.CNAME,
        dns.rdatatype.A,
    ]


@pytest.mark.parametrize("name", ["loop.corp.test", "lame.corp.test", "logo.broken-zone.test"])
def test_loops_and_lame_zones_are_server_failures(ask, name):
    assert ask(name).rcode() == dns.rcode.SERVFAIL


def test_a_dead_third_party_does_not_exist(ask):
    assert ask("gone-partner.test").rcode() == dns.rcode.NXDOMAIN


def test_what_does_not_fit_into_a_datagram_is_truncated_and_whole_over_tcp(ask):
    short = ask("corp.test", "TXT", use_edns=0, payload=4096)
    whole = ask("corp.test", "TXT", over=dns.query.tcp)
    assert (bool(short.flags & dns.flags.TC), short.answer) == (True, [])
    assert len(whole.answer[0]) == 21


def test_mail_and_name_servers_are_named(ask):
    assert str(ask("corp.test", "MX").answer[0][0]) == "10 mail.corp.test."
    assert str(ask("corp.test", "NS").answer[0][0]) == "ns1.corp-dns.test."


def test_a_zone_transfer_is_refused(ask):
    assert ask("corp.test", "AXFR", over=dns.query.tcp).rcode() == dns.rcode.REFUSED


def test_rubbish_is_ignored_and_the_server_goes_on(ask, running):
    address, port = running.settings["resolvers"][0].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rubbish:
        rubbish.sendto(b"no question", (address, int(port)))
    with socket.create_connection((address, int(port)), timeout=60) as rubbish:
        rubbish.sendall(b"\x00\x04oops")
        assert rubbish.recv(1) == b""
    assert ask("www.corp.test").answer


def test_the_ground_is_bounded():
    with pytest.raises(ValueError, match="64 to 127"):
        Ground(63)

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

PORT = 15353


@pytest.fixture
def server(world):
    addresses = {server.name.partition(".")[0]: server.address for server in world.zone_servers}
    return addresses.__getitem__


def transferred(address, zone):
    messages = list(dns.query.xfr(address, zone, port=PORT, timeout=60, relativize=False))
    return len(messages), {entry.name.to_text(omit_final_dot=True) for message in messages for entry in message.answer}


def test_one_server_alone_gives_its_zone_away(running, server):
    count, names = transferred(server("ns2"), "data.depth.test")
    assert names == {"data.depth.test", "safe-42.data.depth.test"}
    assert count >= 1
    for name, zone in (("ns1", "data.depth.test"), ("ns2", "depth.test")):
        with pytest.raises(dns.query.TransferError) as caught:
            transferred(server(name), zone)
        assert caught.value.rcode == dns.rcode.REFUSED


def test_the_names_of_the_signed_zone_form_a_ring(running, server):
    names, current = [], "lab.depth.test"
    while current not in names:
        names.append(current)
        query = dns.message.make_query(current, "NSEC", want_dnssec=True)
        answer = dns.query.tcp(query, server("ns3"), port=PORT, timeout=60).answer
        current = answer[0][0].next.to_text(omit_final_dot=True)
    assert (names, current) == (["lab.depth.test", "probe-22.lab.depth.test", "qx7.lab.depth.test"], "lab.depth.test")


def test_the_others_have_no_such_record(running, server):
    query = dns.message.make_query("data.depth.test", "NSEC", want_dnssec=True)
    assert dns.query.tcp(query, server("ns1"), port=PORT, timeout=60).answer == []


def test_a_zones_server_answers_for_addresses_as_the_resolver_does(running, world, server):
    answer = dns.query.udp(
        dns.message.make_query("node14.depth.test", "A"), server("ns1"), port=PORT, timeout=60
    ).answer
    assert [str(record) for record in answer[0]] == [world.hosts["node14.depth.test"].address]

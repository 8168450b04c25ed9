import errno
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.net.policy import AddressPolicy, BlockedAddress

PORTS = (80, 443)
TEST_NETWORK = "127.64.0.0/10"

TRICKS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2606:4700::5efe:127.0.0.1",
    "2606:4700::200:5efe:10.0.0.1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    # not numeric addresses at all: a socket address never looks like this, so nobody may be fooled by it
    "2130706433",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.1",
    "localhost",
    "",
    "１２７.0.0.1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "223.5.5.5", "172.32.0.1", "100.128.0.1", "2400:3200::1", "2606:4700:4700::1111"]


@pytest.mark.parametrize("address", TRICKS)
def test_a_trick_address_is_refused(address):
    policy = AddressPolicy(allowed_ports=PORTS)
    assert not policy.allows(address)
    with pytest.raises(BlockedAddress):
        policy.check(address, 80)


@pytest.mark.parametrize("address", TRICKS)
def test_a_trick_address_stays_refused_when_only_the_test_network_is_allowed(address):
    assert not AddressPolicy(allow_networks=(TEST_NETWORK,), allowed_ports=PORTS).allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed_on_the_allowed_ports_only(address):
    policy = AddressPolicy(allowed_ports=PORTS)
    policy.check(address, 80)
    policy.check(address, 443)
    with pytest.raises(BlockedAddress, match="port not allowed"):
        policy.check(address, 22)


@pytest.mark.parametrize("prefix", ["::ffff:", "64:ff9b::", "::", "::ffff:0:"])
def test_a_wrapped_public_address_is_refused_too(prefix):
    assert not AddressPolicy(allowed_ports=PORTS).allows(f"{prefix}8.8.8.8")


def test_an_allow_network_opens_itself_with_all_its_ports_and_nothing_else():
    policy = AddressPolicy(allow_networks=(TEST_NETWORK,), allowed_ports=PORTS)
    policy.check("127.64.0.1", 54321)
    policy.check("127.127.255.255", 1)
    policy.check("::ffff:127.64.0.1", 9)
    assert policy.in_allowed_network("127.64.0.1")
    for near in ("127.63.255.255", "127.128.0.0", "127.0.0.1", "169.254.169.254", "::1"):
        assert not policy.allows(near)
        assert not policy.in_allowed_network(near)


def test_an_allowed_wrapper_network_does_not_open_the_private_addresses_behind_it():
    policy = AddressPolicy(allow_networks=("64:ff9b::/96",), allowed_ports=PORTS)
    assert policy.allows("64:ff9b::8.8.8.8")
    assert not policy.allows("64:ff9b::127.0.0.1")


def test_a_refusal_reads_well_and_carries_errno_and_strerror():
    with pytest.raises(BlockedAddress) as caught:
        AddressPolicy(allowed_ports=PORTS).check("169.254.169.254", 80)
    assert caught.value.errno == errno.EACCES
    assert "169.254.169.254" in caught.value.strerror
    assert "link-local" in str(caught.value)
    assert "None" not in str(caught.value)


def test_a_network_that_is_none_is_an_error_at_once():
    with pytest.raises(ValueError, match="does not appear"):
        AddressPolicy(allow_networks=("corp.test",), allowed_ports=PORTS)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_that_the_standard_library_calls_not_global(ip):
    if not ip.is_global or ip.is_multicast:
        assert not AddressPolicy(allowed_ports=PORTS).allows(str(ip))


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "64:ff9b::", "::", "2002::"]))
def test_no_wrapping_passes_whatever_is_inside(ip, prefix):
    shift = 80 if prefix == "2002::" else 0
    wrapped = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | (int(ip) << shift))
    assert not AddressPolicy(allowed_ports=PORTS).allows(str(wrapped))

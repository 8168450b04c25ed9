"""Facts of a scan."""

from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord


def test_an_answer_of_the_dns_knows_its_addresses_and_aliases():
    records = (
        DnsRecord("a.test", "CNAME", "b.test", 60),
        DnsRecord("b.test", "A", "127.64.0.1", 60),
        DnsRecord("b.test", "AAAA", "::1", 60),
    )
    answer = DnsAnswer("a.test", DnsOutcome.ANSWER, records)
    assert answer.addresses == ("127.64.0.1", "::1")
    assert answer.cnames == ("b.test",)

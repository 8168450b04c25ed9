"""What facts say of themselves."""

from app.engines.model import DnsAnswer, DnsOutcome, DnsRecord, FetchResult


def test_an_answer_of_the_dns_knows_its_addresses_and_aliases():
    records = (
        DnsRecord("a.test", "CNAME", "b.test", 60),
        DnsRecord("b.test", "A", "127.64.0.1", 60),
        DnsRecord("b.test", "AAAA", "::1", 60),
    )
    answer = DnsAnswer("a.test", DnsOutcome.ANSWER, records)
    assert answer.addresses == ("127.64.0.1", "::1")
    assert answer.cnames == ("b.test",)


def test_the_first_header_of_a_name_counts():
    result = FetchResult("http://a.test/", "http://a.test/", headers=(("x-a", "1"), ("x-a", "2")))
    assert (result.header("x-a"), result.header("x-b")) == ("1", "")

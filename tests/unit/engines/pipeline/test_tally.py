from types import SimpleNamespace

from app.domain.scan_facts import Counts, HostFact
from app.engines.pipeline.tally import Tally


def test_hosts_that_resolve_by_themselves_count_once_and_the_stages_count_the_rest():
    tally = Tally(
        crawler=SimpleNamespace(pages=3, known=9, crawled=5),
        third_parties=SimpleNamespace(domains=["a", "b"]),
        captures=SimpleNamespace(captured=4),
        analyses=SimpleNamespace(violations=1),
    )
    for host in (
        HostFact("a.test", ("page",), ("192.0.2.1",)),
        HostFact("a.test", ("page", "ct"), ("192.0.2.1",)),
        HostFact("b.test", ("ct",)),
        HostFact("c.test", ("ct",), ("192.0.2.1",), wildcard=True),
    ):
        tally.count_host(host)
    assert tally.counts() == Counts(1, 3, 2, 4, 1, 9, 5)

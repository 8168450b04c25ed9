"""Third parties of a scan as its store gets them."""

from app.domain.parties import OMITTED
from app.engines.graph.parties import Parties
from app.engines.graph.targets import TargetBook
from app.engines.model import Reference, Relation
from app.engines.scope import Scope
from app.scanstore.reader import SqliteScanReader
from app.scanstore.sqlite import SqliteScanStore


def test_references_beyond_the_number_that_is_kept_are_counted_and_a_reader_learns_of_it(tmp_path):
    path = tmp_path / "scan.db"
    store = SqliteScanStore(path)
    parties = Parties(scope=Scope("corp.test"), store=store, book=TargetBook(), max_domains=3)
    urls = [f"http://p{number}.example/" for number in (1, 2, 3, 4, 5, 4)]
    parties.add([Reference("http://corp.test/", url, url, Relation.LINK, "a[href]") for url in urls])
    parties.save()
    store.flush()
    with SqliteScanReader(path) as reader:
        assert reader.third_parties()[1] == 3
        assert reader.omitted_third_parties() == parties.omitted == 3
    assert store.checkpoint(OMITTED) == 3
    store.close()

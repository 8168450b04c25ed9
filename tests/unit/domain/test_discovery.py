import orjson

from app.domain.discovery import (
    DiscoverySummary,
    NameServerReport,
    SourceReport,
    SourceStatus,
    Transfer,
    Walk,
    discovery_of,
)


def test_a_summary_comes_back_from_its_json():
    summary = DiscoverySummary(
        sources=(SourceReport("crt.sh", SourceStatus.CACHED, 7), SourceReport("otx", SourceStatus.LIMITED)),
        name_servers=(NameServerReport("a.test", "ns1.b.test", Transfer.REFUSED, Walk.PART, 3),),
        resolvers_left_out=("127.64.0.9:53",),
        wildcard_zones=("dev.a.test",),
        words_tried=5,
        variations_tried=6,
    )
    assert discovery_of(orjson.loads(orjson.dumps(summary.to_json()))) == summary

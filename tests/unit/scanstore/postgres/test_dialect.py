"""Queries of the readers in PostgreSQL's words."""

from app.scanstore.postgres import dialect
from app.scanstore.schema import LISTED, SOURCE_SHA256


def test_parameters_are_numbered_in_order():
    assert dialect.translated("SELECT ? FROM pages LIMIT ?") == "SELECT %(p0)s FROM pages LIMIT %(p1)s"
    assert dialect.named((7, "a\x00", ("b\x00", "c"))) == {"p0": 7, "p1": "a\x010", "p2": ["b\x010", "c"]}


def test_addresses_are_looked_up_by_their_hash_and_compared():
    found = dialect.translated("SELECT 1 FROM pages WHERE url = ? AND parsed")
    assert found == (
        "SELECT 1 FROM pages WHERE (hashtextextended(url, 0) = hashtextextended(%(p0)s, 0) AND url = %(p0)s) AND parsed"
    )
    joined = dialect.translated("refs LEFT JOIN pages ON pages.url = refs.page_url")
    assert joined.endswith(
        "(hashtextextended(pages.url, 0) = hashtextextended(refs.page_url, 0) AND pages.url = refs.page_url)"
    )


def test_what_sqlite_says_in_other_words():
    assert dialect.translated(f"host {LISTED}") == "host = ANY(%(p0)s)"
    assert dialect.translated(f"{SOURCE_SHA256} = ?") == "source_sha256 = %(p0)s"
    assert dialect.translated("url LIKE ? ESCAPE '/'") == "url ILIKE %(p0)s ESCAPE '/'"


def test_the_prefix_names_the_rows_of_one_store():
    prefix = dialect.prefix(7)
    assert prefix.startswith("WITH hosts AS NOT MATERIALIZED (SELECT * FROM scan_hosts WHERE store = 7), ")
    assert prefix.count("store = 7") == len(dialect.TABLES)

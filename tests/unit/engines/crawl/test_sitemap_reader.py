from app.engines.crawl.sitemap_reader import MAX_FILES, SitemapReader
from app.engines.model import FetchResult
from tests.support.parsing import page_parser

BASE = "https://a.test/sitemap.xml"


def urlset(*urls):
    return "<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


def index(*urls):
    return "<sitemapindex>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls) + "</sitemapindex>"


async def read(files, roots=(BASE,), may_ask=lambda url: True):
    asked, found = [], []

    class Client:
        async def fetch(self, url, **_):
            asked.append(url)
            body = files.get(url)
            return FetchResult(url, url, 404 if body is None else 200, body=(body or "").encode())

    async def on_urls(urls):
        found.extend(urls)

    count = await SitemapReader(parser=page_parser(), fetcher=Client(), may_ask=may_ask).read(roots, on_urls)
    return found, asked, count


async def test_indexes_are_followed_three_deep_and_each_file_is_asked_once():
    names = [f"https://a.test/{level}.xml" for level in range(4)]
    files = {names[n]: index(names[n + 1], names[0]) for n in range(3)} | {names[3]: urlset("https://a.test/deep")}
    found, asked, _ = await read(files, roots=names[:1])
    assert asked == names[:3]
    assert found == []
    found, _, count = await read(files, roots=names[1:2])
    assert found == ["https://a.test/deep"]
    assert count == 4


async def test_only_so_many_files_are_read():
    files = {BASE: index(*(f"https://a.test/{n}.xml" for n in range(500)))}
    _, asked, _ = await read(files)
    assert len(asked) == MAX_FILES


async def test_what_may_not_be_asked_is_not():
    files = {BASE: index("https://evil.test/s.xml")}
    _, asked, count = await read(files, may_ask=lambda url: "evil" not in url)
    assert asked == [BASE]
    assert count == 1


async def test_a_missing_sitemap_is_no_sitemap():
    assert await read({}) == ([], [BASE], 0)

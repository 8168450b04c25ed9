"""The look at whole sites (`python -m bench.eval_web`) reads folders as a server would, and counts whom it accuses."""

import json
import sys

import pytest

from app.engines.html.document import HtmlDocument
from bench.eval_web import main
from tests.eval import site_judge
from tests.eval.site_judge import OWN, THIRD, Site, SiteSheets, judge_site, language_of

LONG = "The river rises in the hills and runs past the mill, the church and the meadows before it meets the sea. " * 3
LAKE = "湖边的小路上种着柳树，春天的时候很多人来这里散步，孩子们在草地上放风筝。" * 4
CASINO = "真人百家乐注册送彩金，首存优惠，老虎机与龙虎斗，美女荷官在线发牌，提款秒到账，天天返水无上限，立即投注。"


@pytest.fixture
def folder(tmp_path):
    def write(name, content):
        path = tmp_path / "sites" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    write("me+me.github.io/index.html", f"<!DOCTYPE html><title>River</title><p>{LONG}</p>")
    write("me+me.github.io/lake/index.html", f"<!DOCTYPE html><meta charset=utf-8><title>湖</title><p>{LAKE}</p>")
    write("me+me.github.io/_layouts/post.html", f"<html><title>{{{{ page.title }}}}</title><p>{LONG}</p></html>")
    write("me+me.github.io/_layouts/head.html", "<meta charset=utf-8>")
    write("me+me.github.io/broken.html", b"<html><title>\xff\x00\x80</title><p>" + bytes(range(256)))
    write("shop+shop/public/index.html", "<html><link rel=stylesheet href=/css/site.css><p>Shop</p></html>")
    write("shop+shop/public/css/site.css", "@import 'base.css'; .a { display: none }")
    write("shop+shop/public/css/base.css", "@import 'site.css'; .b { opacity: 0 }")
    write("shop+shop/public/CNAME", "Shop.example.org\n")
    return tmp_path / "sites"


def run(folder, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["eval_web.py", str(folder), *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("me+Me.github.io", "me.github.io"),
        ("me+me.github.com", "me.github.io"),
        ("a+www.mill.cn", "www.mill.cn"),
        ("a+mill_com_cn", "mill.com.cn"),
        ("a+mill-org", "mill.org"),
        ("a+my_blog", "my-blog.example"),
        ("mill", "mill.example"),
        ("+--", "site.example"),
    ],
)
def test_a_site_is_called_like_its_repository(tmp_path, name, host):
    (tmp_path / name).mkdir()
    assert Site(tmp_path / name).host == host


def test_a_site_begins_where_its_only_start_page_lies_and_its_file_says_its_host(folder):
    site = Site(folder / "shop+shop")
    assert (site.root.name, site.host) == ("public", "shop.example.org")
    assert [site.url_of(path) for path in site.pages(10)] == ["https://shop.example.org/"]
    assert site.file_of("https://shop.example.org/css/site.css?v=2") is not None
    assert site.file_of("https://shop.example.org/../../me+me.github.io/index.html") is None
    assert site.file_of("https://cdn.example.net/css/site.css") is None


def test_sheets_of_the_site_are_read_with_what_they_import(folder):
    site = Site(folder / "shop+shop")
    document = HtmlDocument((site.root / "index.html").read_text("utf-8"))
    ((url, sheets),) = SiteSheets(site).of(document, "https://shop.example.org/").items()
    assert url == "https://shop.example.org/css/site.css"
    assert [list(sheet.hiding) for sheet in sheets] == [[".b"], [".a"]]


def test_pages_are_spread_over_the_site_and_the_start_page_is_always_among_them(folder):
    for number in range(30):
        (folder / f"me+me.github.io/a{number:02}.html").write_text(f"<html><p>{LONG}</p>", "utf-8")
    chosen = [path.name for path in Site(folder / "me+me.github.io").pages(5)]
    assert len(chosen) == 5
    assert chosen[0] == "index.html"
    assert chosen[1:] != ["a00.html", "a01.html", "a02.html", "a03.html"]


def test_the_language_is_that_of_most_of_the_text():
    assert [language_of(text) for text in (LAKE, LONG, "こんにちは、今日は湖を散歩します。" * 9, "Ave Maria " * 9)] == [
        "Chinese",
        "English",
        "other",
        "other",
    ]


def test_templates_and_fragments_are_no_pages_and_what_fails_is_counted(folder, monkeypatch):
    outcome = judge_site(Site(folder / "me+me.github.io"), most=100)
    assert outcome.skipped == {"templates": 1, "fragments": 1}
    assert outcome.languages.total() == 3
    monkeypatch.setattr(site_judge, "read_content", lambda document: 1 / len(document.title.replace("湖", "")))
    assert judge_site(Site(folder / "me+me.github.io"), most=100).skipped["failed: ZeroDivisionError"] == 1


def test_a_page_that_takes_too_long_is_counted(folder, monkeypatch):
    def never(_):
        while True:
            pass

    monkeypatch.setattr(site_judge, "PAGE_TIMEOUT_S", 1)
    monkeypatch.setattr(site_judge, "read_content", never)
    assert judge_site(Site(folder / "shop+shop"), most=1).skipped == {"failed: Timeout": 1}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_command_bench_eval_web_counts_and_lists_the_accused(folder, tmp_path, monkeypatch, capsys, processes):
    page = f"<html><meta charset=utf-8><title>{CASINO}</title><p>{CASINO}</p></html>"
    (folder / "shop+shop/public/vip.html").write_text(page, "utf-8")
    listed = tmp_path / "accused.jsonl"
    assert run(folder, monkeypatch, "--list", str(listed), "--processes", processes, "--per-site", "50") == 0
    said = capsys.readouterr().out
    assert "5 pages of 2 sites: " in said
    assert "not judged: 1 fragments, 1 templates" in said
    assert "accused as own: of 1 sites, most of 1 shop+shop" in said
    assert "| pages | 1 | 200.00 | 1 | 200.00 |" in said
    assert "| gambling | 0 | 0.00 | 1 | 200.00 |" in said
    lines = [json.loads(line) for line in listed.read_text("utf-8").splitlines()]
    assert {(one["site"], one["path"], one["as"], one["class"]) for one in lines} == {
        ("shop+shop", "public/vip.html", OWN, "tampered"),
        ("shop+shop", "public/vip.html", THIRD, "gambling"),
    }
    assert all(one["evidence"][0]["rule"] and one["risk"] and one["confidence"] >= 0.5 for one in lines)


def test_a_folder_without_sites_is_an_error(tmp_path, monkeypatch, capsys):
    assert run(tmp_path, monkeypatch) == 1
    assert "0 pages of 0 sites" in capsys.readouterr().out

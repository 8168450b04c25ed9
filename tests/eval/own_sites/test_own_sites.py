"""The batches of sites are what they say, and a batch that is not is told so."""

import pytest

from tests.eval.own_sites.own_sites import BATCHES, CHANGED, TWIN, OwnSite, SiteUnreadable, faults_of, sites_in
from tests.eval.own_sites.tiny_sites import SITE, write_site
from tests.eval.provenance import named_hosts, read


def sites_of(batch):
    return [OwnSite.read(path) for path in sites_in(batch)]


def test_every_batch_has_sites_that_are_as_the_format_says():
    for batch in BATCHES:
        sites = sites_of(batch)
        assert sites, batch
        assert {site.id: found for site in sites if (found := list(faults_of(site)))} == {}
        assert len({site.host for site in sites}) == len(sites), batch


def test_every_batch_says_who_wrote_it_and_names_the_real_hosts_of_its_pages():
    for batch in BATCHES:
        provenance, said = read(batch / "batch.toml")
        assert provenance.batch
        assert "neither the rules" in provenance.origin
        named = {
            host
            for site in sites_of(batch)
            for part in ("pages", CHANGED, TWIN)
            for file in site.files(part)
            for host in named_hosts(site.text(part, file))
        }
        assert sorted(named) == said["linked"], batch


def test_a_site_is_as_the_format_says(tmp_path):
    write_site(tmp_path / "a" / "mill")
    (path,) = sites_in(tmp_path)
    site = OwnSite.read(path)
    assert (site.id, site.host, site.lang) == ("a/mill", "www.mill.test", "en")
    assert list(faults_of(site)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "doorway"', 'kind = "unheard"', "kind 'unheard', trade 'gambling'"),
        ('page = "/vip.html"', 'page = "/other.html"', "changed: /other.html is not vip.html"),
        ('quote = "<h1>', 'quote = "<h2>', "the quote does not stand in vip.html"),
        ("<h1>", "https://www.real.com/", "the quote names www.real.com"),
    ],
)
def test_what_is_not_as_the_format_says_is_told(tmp_path, old, new, said):
    write_site(tmp_path, SITE.replace(old, new))
    assert said in list(faults_of(OwnSite.read(tmp_path / "site.toml")))


def test_a_file_that_nobody_changed_and_a_page_too_few_are_told(tmp_path):
    write_site(tmp_path)
    (tmp_path / "pages/prices.html").unlink()
    (tmp_path / "twin/index.html").write_bytes((tmp_path / "pages/index.html").read_bytes())
    assert list(faults_of(OwnSite.read(tmp_path / "site.toml"))) == ["5 pages", "twin: index.html is as it was"]


@pytest.mark.parametrize("text", ["host = ", 'host = "www.mill.test"'])
def test_a_site_that_does_not_say_what_it_is_is_unreadable(tmp_path, text):
    write_site(tmp_path, text)
    with pytest.raises(SiteUnreadable):
        OwnSite.read(tmp_path / "site.toml")


def test_the_changed_file_is_laid_over_the_site_or_lies_alone(tmp_path):
    write_site(tmp_path / "site")
    site = OwnSite.read(tmp_path / "site/site.toml")
    site.lay(TWIN, tmp_path / "whole")
    site.lay(CHANGED, tmp_path / "alone", alone=True)
    assert (tmp_path / "whole/index.html").read_text("utf-8") == site.text(TWIN, "index.html")
    assert len(list((tmp_path / "whole").glob("*.html"))) == 6
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["vip.html"]

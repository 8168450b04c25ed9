"""Plain real sites: documentation packages of Debian, served under a made-up name and scanned by the command line.

Every page and every foreign host is found, and none is invented: compared with a reading of the files themselves
(`tests.support.real_site`, which also says what counts as a page and as a host).
"""

import asyncio
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from app.scanstore.reader import MAX_LIMIT, SqliteScanReader
from tests.support.real_site import ADDRESS, read_site, serve_folder, serve_no_names

pytestmark = pytest.mark.system
HOST = "docs.example"
START = f"http://{HOST}/index.html"
PATIENCE_S = 240  # the bigger site takes some 30 s


@pytest.mark.parametrize(
    ("folder", "least_pages", "least_hosts"),
    [("/usr/share/doc/python3-doc/html", 500, 300), ("/usr/share/doc/php-doc/html", 11_000, 200)],
    ids=["python3-doc", "php-doc"],
)
async def test_all_pages_and_all_foreign_hosts_of_a_real_site_are_found_and_none_is_invented(
    tmp_path, folder, least_pages, least_hosts
):
    site = existing(folder)
    async with asyncio.TaskGroup() as group:
        read = group.create_task(read_in_a_process(site))
        scanned = group.create_task(scan(site, tmp_path))
    reading, report = read.result(), scanned.result()
    assert len(reading.pages) >= least_pages
    assert len(reading.hosts) >= least_hosts

    assert pages_of(tmp_path) == reading.pages
    assert report["statistics"]["total_pages_crawled"] == len(reading.pages)
    assert report["coverage"]["crawled"] == report["coverage"]["known"]

    hosts = [host for party in report["third_parties"] for host in party["hosts"]]
    assert set(hosts) == reading.hosts
    assert len(hosts) == len(set(hosts)), "a host belongs to one third party"
    assert report["statistics"]["total_third_party_domains"] == len(report["third_parties"])

    assert report["violations"] == []
    assert [host["name"] for host in report["subdomains"]] == [HOST]


def existing(folder):
    site = Path(folder).resolve()
    assert (site / "index.html").is_file(), f"{folder} is missing: install the documentation packages (.ci/run)"
    return site


async def read_in_a_process(site):
    """Beside the scan, which has its own process too."""
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return await loop.run_in_executor(pool, read_site, site, START)


async def scan(site, data_dir):
    """The report of a scan that ends clean."""
    async with serve_folder(site) as port, serve_no_names() as name_port, asyncio.timeout(PATIENCE_S):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "scan", HOST, "--json", "--no-passive"),
            *("--start-url", START, "--max-pages", "20000", "--max-depth", "50"),
            *("--resolve", f"{HOST}={ADDRESS}:{port}", "--resolver", f"{ADDRESS}:{name_port}"),
            *("--allow-network", "127.64.0.0/10", "--data-dir", str(data_dir)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0, errors.decode()[-2_000:]
    return json.loads(output)


def pages_of(data_dir):
    """URLs of the pages in the scan's own store."""
    (path,) = (data_dir / "scans").glob("*.db")
    found = []
    with SqliteScanReader(path) as reader:
        while items := reader.pages(offset=len(found), limit=MAX_LIMIT, parsed=True)[0]:
            found += [page.url for page in items]
    assert len(found) == len(set(found))
    return set(found)

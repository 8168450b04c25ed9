"""Plain real sites: documentation packages of Debian, served under a made-up name and scanned by the command line.

Every page, foreign host and reference is found, and none is invented: compared with a reading of the files themselves
(`tests.support.real_site`, which also says what counts as one).
"""

import asyncio
import csv
import faulthandler
import json
import multiprocessing
import os
import sqlite3
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.scanstore.reader import MAX_LIMIT, SqliteScanReader
from tests.support.backend import ADMIN_PASSWORD
from tests.support.real_site import ADDRESS, read_site, serve_folder, serve_no_names
from tests.support.scanned import Scanned, served

pytestmark = pytest.mark.system
HOST = "docs.example"
START = f"http://{HOST}/index.html"
PATIENCE_S = 600  # the bigger site takes some 30 s on a machine that does nothing else


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

    references = await asyncio.to_thread(references_of, tmp_path)
    sys.stdout.write(
        f"{folder}: {references.total()} references ({len(references)} different ones), "
        f"{reading.references.total()} in the files\n"
    )
    assert references == reading.references
    counted = Counter({party["domain"]: party["references"] for party in report["third_parties"]})
    owner = {host: party["domain"] for party in report["third_parties"] for host in party["hosts"]}
    listed = Counter()
    for (_, address, _), number in references.items():
        if (host := urlsplit(address).hostname) in owner:  # a mention or an address of nobody makes no third party
            listed[owner[host]] += number
    assert listed == counted, "third parties count the same"

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
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    async with serve_folder(site) as port, serve_no_names() as name_port, asyncio.timeout(PATIENCE_S):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "scan", HOST, "--json", "--no-passive"),
            *("--start-url", START, "--max-pages", "20000", "--max-depth", "50"),
            *("--resolve", f"{HOST}={ADDRESS}:{port}", "--resolver", f"{ADDRESS}:{name_port}"),
            *("--allow-network", "127.64.0.0/10", "--data-dir", str(data_dir)),
            env={**os.environ, "COMPLIANCE_ADMIN_PASSWORD": ADMIN_PASSWORD},
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


def references_of(data_dir):
    """How often each page has an address in a place: the same in the store, page by page through REST, and as CSV.

    A row is one place; of more than twenty equal ones on a page the first says how many more there are.
    """
    with served(data_dir) as http:
        (task,) = http.get("/api/v1/tasks").json()["items"]
        site = Scanned(http, task["id"], data_dir)
        listed = site.all_items("/references", page_size=200)
        table = site.get("/references?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(table, newline="")))
    assert [int(row["reference_id"]) for row in rows] == [item["reference_id"] for item in listed] == stored(data_dir)
    told = [(item["page_url"], item["kind"], item["dom_path"] or "", str(item["repeats"])) for item in listed]
    assert [(row["page_url"], row["kind"], row["dom_path"], row["repeats"]) for row in rows] == told
    assert len(set(told)) == len(told), "a place is listed once"
    found = Counter()
    for item in listed:
        found[item["page_url"], item["url"], item["kind"]] += 1 + item["repeats"]
    return found


def stored(data_dir):
    """Numbers of the references in the scan's own store."""
    (path,) = (data_dir / "scans").glob("*.db")
    with sqlite3.connect(path) as db:
        return [number for (number,) in db.execute("SELECT id FROM refs ORDER BY id")]


def pages_of(data_dir):
    """URLs of the pages in the scan's own store."""
    (path,) = (data_dir / "scans").glob("*.db")
    found = []
    with SqliteScanReader(path) as reader:
        while items := reader.pages(offset=len(found), limit=MAX_LIMIT, parsed=True)[0]:
            found += [page.url for page in items]
    assert len(found) == len(set(found))
    return set(found)

"""The evidence archive of a real scan with a time stamp of a real server, from the route and from the command."""

import json
import re
import subprocess
from io import BytesIO
from zipfile import ZipFile

import pytest

from app.cli import exit_codes
from app.core.data_folder import TIME_STAMPS_FOLDER
from tests.support.command import run
from tests.support.said import said
from tests.support.scanned import scanned_once
from tests.support.time_stamp_authority import Chain, authority, rejection, stamping


@pytest.fixture(scope="module")
def service():
    with authority() as service:
        yield service


@pytest.fixture(scope="module")
def roots(service, tmp_path_factory):
    return service.chain.write_root(tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory, service, roots):
    settings = {"report_timestamp_url": service.url, "report_timestamp_ca_file": roots}
    with scanned_once(tmp_path_factory, **settings) as scanned:
        yield scanned


@pytest.fixture
def download(scanned, service):
    """What was kept of time stamps is forgotten before."""
    forget(scanned)

    def get():
        return ZipFile(BytesIO(scanned.get("/report?format=zip&lang=en").content))

    yield get
    service.behave = stamping(service.chain)


def forget(scanned):
    """Remove the time stamps that were kept."""
    for path in (scanned.data_dir / TIME_STAMPS_FOLDER).glob("*"):
        path.unlink()


def test_the_route_gives_out_an_archive_with_a_time_stamp(download):
    with download() as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-4:] == ["manifest.json", "manifest.json.tsr", "README.txt", "SHA256SUMS"]
        assert "2026-01-02 03:04:06 UTC, from CN=Test TSA" in archive.read("README.txt").decode()
        assert json.loads(archive.read("manifest.json"))["started_by"] == "admin"


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (lambda _: rejection(), said("no_time_stamp.rejected", status=2)),
        (lambda _: b"<html>", said("no_time_stamp.unreadable")),
        (stamping(Chain()), said("no_time_stamp.untrusted")),
    ],
)
def test_without_a_time_stamp_the_archive_is_there_and_says_why(download, service, behave, reason):
    service.behave = behave
    with download() as archive:
        assert archive.testzip() is None
        assert "manifest.json.tsr" not in archive.namelist()
        assert reason in archive.read("README.txt").decode()


async def test_the_command_asks_for_a_time_stamp_as_well(scanned, service, roots, tmp_path):
    path = tmp_path / "evidence.zip"
    variables = {"COMPLIANCE_REPORT_TIMESTAMP_URL": service.url, "COMPLIANCE_REPORT_TIMESTAMP_CA_FILE": str(roots)}
    done = await run("report", scanned.data_dir, "--output", path, **variables)
    assert (done.code, done.err) == (exit_codes.CLEAN, "")
    with ZipFile(path) as archive:
        assert "manifest.json.tsr" in archive.namelist()


async def test_the_same_evidence_has_one_time_stamp_however_often_and_by_whom_it_is_downloaded(
    scanned, service, roots, download, tmp_path
):
    """The command is another user, in another process and at another time: the authority is asked once."""
    service.media_types.clear()
    with download() as first, download() as second:
        found = [archive.read("manifest.json") for archive in (first, second)]
        stamps = [archive.read("manifest.json.tsr") for archive in (first, second)]
    path = tmp_path / "evidence.zip"
    variables = {"COMPLIANCE_REPORT_TIMESTAMP_URL": service.url, "COMPLIANCE_REPORT_TIMESTAMP_CA_FILE": str(roots)}
    done = await run("report", scanned.data_dir, "--output", path, "--lang", "en", **variables)
    assert (done.code, done.err) == (exit_codes.CLEAN, "")
    with ZipFile(path) as archive:
        found.append(archive.read("manifest.json"))
        stamps.append(archive.read("manifest.json.tsr"))
    assert len(set(found)) == 1
    assert len(set(stamps)) == 1
    assert len(service.media_types) == 1


@pytest.mark.system
def test_openssl_verifies_it_with_the_command_of_the_readme_and_sees_what_was_changed(download, roots, tmp_path):
    with download() as archive:
        archive.extractall(tmp_path)
    (command,) = re.findall(r"openssl ts .*roots\.pem", (tmp_path / "README.txt").read_text("utf-8"))
    words = [str(roots) if word == "roots.pem" else word for word in command.split()]
    verified = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (verified.returncode, "Verification: OK" in verified.stdout + verified.stderr) == (0, True)
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode != 0

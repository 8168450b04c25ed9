import asyncio
import os
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from app.engines.capture.browser_profile import PREFIX, BrowserProfile, BrowserUnavailable, find_chromium


@pytest.fixture
def profile():
    made = BrowserProfile.prepare("/bin/sh")
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path, monkeypatch):
    """An empty PATH to put executables on."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def executable(folder, name):
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return str(file)


def test_the_systems_chromium_is_found_by_its_names(path):
    other = executable(path, "google-chrome")
    assert find_chromium(None) == other
    first = executable(path, "chromium")
    assert find_chromium(None) == first


def test_a_configured_path_wins_and_must_be_executable(path):
    executable(path, "chromium")
    mine = executable(path, "mine")
    assert find_chromium(mine) == mine
    with pytest.raises(BrowserUnavailable, match="not an executable"):
        find_chromium(str(path / "nowhere"))


def test_without_chromium_the_reason_says_what_to_install(path):
    with pytest.raises(BrowserUnavailable, match="apt-get install chromium"):
        find_chromium(None)


def test_root_needs_setpriv_and_others_do_without(path):
    if os.geteuid() == 0:
        with pytest.raises(BrowserUnavailable, match="setpriv"):
            BrowserProfile.prepare("/bin/sh")
    else:
        BrowserProfile.prepare("/bin/sh").remove()


def test_only_the_profile_belongs_to_the_browsers_user(profile):
    assert stat.S_IMODE(profile.folder.stat().st_mode) == 0o700
    for path in (profile.base, profile.wrapper):
        assert path.stat().st_uid == os.geteuid()
        assert not path.stat().st_mode & 0o022
    if os.geteuid() == 0:
        assert profile.folder.stat().st_uid != 0


def test_the_wrapper_starts_the_executable_as_another_user_than_root(profile):
    out = subprocess.run([profile.wrapper, "-c", "id -u"], capture_output=True, text=True, check=True).stdout
    assert int(out) != 0


@pytest.mark.parametrize("autogroup", [path for path in [Path("/proc/self/autogroup")] if path.exists()])
@pytest.mark.parametrize("own_session", [True, False])
def test_the_browsers_own_session_stands_behind_the_sockets(profile, autogroup, own_session):
    command = [profile.wrapper, "-c", f"cat {autogroup}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=own_session).stdout
    assert out.endswith("nice 5\n") is own_session


def test_the_environment_holds_nothing_of_ours(profile, monkeypatch):
    monkeypatch.setenv("COMPLIANCE_SECRET_KEY", "secret")
    assert not any("secret" in str(value) for value in profile.environment().values())


async def test_killing_ends_every_process_that_names_the_profile(profile):
    mark = f"--user-data-dir={profile.folder}"
    process = await asyncio.create_subprocess_exec(
        profile.wrapper, "-c", "echo; read forever", mark, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    await process.stdout.readline()
    assert profile.processes() == [process.pid]
    await profile.kill()
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    assert profile.processes() == []


async def test_killing_when_nothing_runs_is_fine(profile):
    await profile.kill()


def test_what_killed_scans_left_behind_is_swept_up_and_what_is_in_use_stays(profile):
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    parent = profile.base.parent
    left = tempfile.mkdtemp(prefix=f"{PREFIX}{ended.pid}-", dir=parent)
    BrowserProfile.prepare("/bin/sh").remove()
    assert not os.path.lexists(left)
    assert profile.base.exists()

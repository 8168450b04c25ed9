import asyncio
import os
import sys

from app.core.ids import new_id
from app.tasks import family

# A grandchild in a session of its own, as a browser is; its parent ends at once.
ORPHAN = (
    "import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)"
)


async def test_members_are_found_by_their_mark_wherever_they_went():
    mark = family.mark_of(new_id(), 1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHAN, env=family.environment(mark, os.environ)
    )
    await process.wait()
    (orphan,) = family.members(mark)
    assert family.kill(mark, but=orphan) == []
    assert family.kill(mark) == [orphan]
    async with asyncio.timeout(5):
        while family.members(mark):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


def test_nothing_of_our_environment_is_handed_on_that_is_not_allowed():
    secrets = ("COMPLIANCE_SECRET_KEY", "COMPLIANCE_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_PASSWORD", "https_proxy")
    known = {"PATH": "/bin", "HOME": "/root", "LANG": "C", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": "/tmp"}
    assert family.environment("m", {**known, **dict.fromkeys(secrets, "x")}) == {**known, family.MARK: "m"}


def test_nobody_carries_an_unknown_mark():
    assert family.members(family.mark_of(new_id(), 7)) == []

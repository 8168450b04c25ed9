import asyncio
import os
import sys

from app.core.ids import new_id
from app.tasks import process_tree
from tests.support.realtime import until

# A grandchild in a session of its own, as a browser is; its parent ends at once.
ORPHAN = (
    "import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)"
)


async def test_members_are_found_by_their_mark_wherever_they_went():
    mark = process_tree.mark_of(new_id(), 1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHAN, env=process_tree.environment(mark, os.environ)
    )
    await process.wait()
    # It shows no environment for a moment while it becomes another program.
    await until(lambda: process_tree.members(mark), timeout_s=30)
    (orphan,) = process_tree.members(mark)
    assert process_tree.kill(mark, but=orphan) == []
    assert process_tree.kill(mark) == [orphan]
    async with asyncio.timeout(30):
        while process_tree.members(mark):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


def test_nothing_of_our_environment_is_handed_on_that_is_not_allowed():
    secrets = ("COMPLIANCE_SECRET_KEY", "COMPLIANCE_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_PASSWORD", "https_proxy")
    known = {"PATH": "/bin", "HOME": "/root", "LANG": "C", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": "/tmp"}
    assert process_tree.environment("m", {**known, **dict.fromkeys(secrets, "x")}) == {**known, process_tree.MARK: "m"}


def test_nobody_carries_an_unknown_mark():
    assert process_tree.members(process_tree.mark_of(new_id(), 7)) == []

"""Whatever is copied, put back, killed and started again: within one epoch a number stands for one event."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.log import read_after
from app.events.log_identity import FIRST_EPOCH
from tests.support.lives import Life, copy_live, put_back

# Restarts are rare, as in life: each of them makes the next restore easier to notice.
WORDS = [
    "say",
    "say look",
    "look",
    "copy",
    "copy say look put_back say look",
    "say look put_back say look",
    "copy_folder say look",
]
RARE = ["put_folder_back say look", "kill", "stop"]
STEPS = st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(RARE)), max_size=12)


class Machine:
    """A data folder with a server that comes and goes, its backups, and clients that remember everything."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.copy, self.folder_copy = folder / "data", folder / "copy.db", folder / "copy"
        self.folder.mkdir()
        self.life = Life(self.folder)
        self.task = self.life.add_task()
        self.seen: dict[tuple[str, int], str] = {}
        self.said = 0
        self.put_something_back = False

    def say(self) -> None:
        self.said += 1
        self.life.say(self.task, f"event {self.said}")

    def look(self) -> None:
        """Clients see the whole log, and hold it against what they saw before."""
        epoch = self.life.epoch
        for event in self.life.db.read_sync(epoch.watching(lambda c: read_after(c, self.task, 0, limit=1_000))):
            assert self.seen.setdefault((epoch.value, event.seq), event.body) == event.body
        assert self.put_something_back or epoch.value == FIRST_EPOCH

    def copy_running(self) -> None:
        self.copy.unlink(missing_ok=True)
        copy_live(self.folder, self.copy)

    def put_back(self) -> None:
        if self.copy.exists():
            self.life.die()
            put_back(self.copy, self.folder)
            self.put_something_back = True
            self.life = Life(self.folder)

    def copy_folder(self) -> None:
        shutil.rmtree(self.folder_copy, ignore_errors=True)
        self.life.end()
        shutil.copytree(self.folder, self.folder_copy)
        self.life = Life(self.folder)

    def put_folder_back(self) -> None:
        if self.folder_copy.exists():
            self.life.die()
            shutil.rmtree(self.folder)
            shutil.copytree(self.folder_copy, self.folder)
            self.put_something_back = True
            self.life = Life(self.folder)

    def kill(self) -> None:
        self.life.die()
        self.life = Life(self.folder)

    def stop(self) -> None:
        self.life.end()
        self.life = Life(self.folder)


@settings(max_examples=40)
@given(STEPS)
def test_within_one_epoch_a_number_stands_for_one_event(steps):
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        for step in " ".join(steps).split():
            getattr(machine, "copy_running" if step == "copy" else step)()
        machine.look()
        machine.life.end()

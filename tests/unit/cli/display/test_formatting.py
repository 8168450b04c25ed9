import io
from dataclasses import replace

import pytest
from rich.console import Console

from app.cli.display.live import LiveDisplay
from app.domain.messages import MessageCatalog
from tests.support.said import said

EN = MessageCatalog("en")


def terminal(**options):
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None, **options)


def rendered(renderable):
    console = Console(file=io.StringIO(), width=100)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"queue_position": 2}, f"running · {said('queue_place', position=2)}"),
        ({"attempt": 3}, "running · attempt 3"),
        ({"eta_s": 90}, "running · about 90 s left"),
        ({"eta_s": 90, "eta_range_s": (60, 240)}, "running · 60 to 240 s left"),
        ({"deleted": True}, "deleted"),
        ({"verdict": {"result": "violations", "reasons": ["robots"]}}, "running · violations found"),
        (
            {"verdict": {"result": "clean", "reasons": ["depth"]}},
            "running · no violations found (beyond the depth limit)",
        ),
    ],
)
def test_what_matters_about_the_state_stands_beside_it(task, fields, shown):
    task.event("task_started", target_domain="site.example", message="m")
    for name, value in fields.items():
        if name == "verdict":
            task.view.projection = replace(task.view.projection, verdict=value)
        else:
            setattr(task.view, name, value)
    assert f"site.example  {shown}  " in rendered(LiveDisplay(terminal(), EN).render(task.view))

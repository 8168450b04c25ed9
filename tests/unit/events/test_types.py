"""What stands on the classes of event bodies, from which everything else derives."""

from typing import get_args

import pytest

from app.events.event_body import Backlog, Retention, Topic
from app.events.types import EVENT_BODIES, NOTICE_TYPES
from app.websocket.messages import commands

BODIES = pytest.mark.parametrize("body", EVENT_BODIES, ids=lambda body: body.type)


@BODIES
def test_the_summary_is_a_sentence(body):
    assert body.summary.endswith(".")


@BODIES
def test_only_what_may_be_left_out_gives_way_to_newer_events(body):
    """A subscriber with all topics misses nothing but superseded progress and log lines, and those have topics."""
    assert (body.backlog is Backlog.KEEPS_ITS_PLACE) == (body.topic is None)
    assert (body.retention is Retention.EVENTS) == (body.topic is None)
    assert body.topic is None or not body.is_notice


def test_notices_are_what_has_no_topic_but_stages_and_changes_of_what_was_told():
    assert {body.type for body in EVENT_BODIES} - NOTICE_TYPES == {
        *("task_progress", "task_stage", "task_logs"),
        "finding_changed",  # of what a notice told before
    }


def test_commands_name_the_topics():
    assert get_args(commands.Topic) == tuple(Topic)


def test_each_topic_has_its_types():
    assert [(body.topic, body.type) for body in EVENT_BODIES if body.topic] == [
        (Topic.PROGRESS, "task_progress"),
        (Topic.LOGS, "task_logs"),
    ]

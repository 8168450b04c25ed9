"""Progress and logs can be left out; all else is always wanted."""

from itertools import combinations

import pytest

from app.events.types import EVENT_BODIES
from app.websocket.messages.topics import ALL_TOPICS, topics

SUBSETS = [frozenset(names) for count in range(3) for names in combinations(("progress", "logs"), count)]


@pytest.mark.parametrize("names", SUBSETS, ids=sorted)
def test_only_the_named_topics_are_wanted_besides_the_rest(names):
    wanted = {body.type for body in EVENT_BODIES if topics(names).wants(body.type)}
    topic_of = {"task_progress": "progress", "task_logs": "logs"}
    assert wanted == {body.type for body in EVENT_BODIES if topic_of.get(body.type) in (None, *names)}


def test_equal_subsets_are_the_same_object():
    assert topics(frozenset({"logs", "progress"})) is ALL_TOPICS

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.core.ids import first_id_of, new_id


def test_ids_are_uuids_of_version_seven_and_sort_as_they_are_made():
    made = [new_id() for _ in range(100)]
    assert all(UUID(text).version == 7 and str(UUID(text)) == text for text in made)
    assert made == sorted(set(made))


def test_an_id_sorts_between_the_moments_around_it():
    before = datetime.now(UTC)
    made = new_id()
    assert first_id_of(before - timedelta(milliseconds=1)) < made < first_id_of(before + timedelta(minutes=1))
    assert first_id_of(datetime(2026, 1, 1, tzinfo=UTC)) == "019b76da-a800"

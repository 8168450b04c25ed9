import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.messages import Language
from app.domain.stages import STAGE_BY_KEY, STAGES, StageKey, overall_progress


def test_the_stages_are_numbered_in_order_and_weigh_a_hundred_together():
    assert [spec.index for spec in STAGES] == [1, 2, 3, 4, 5]
    assert sum(spec.weight for spec in STAGES) == 100
    assert set(STAGE_BY_KEY) == set(StageKey)


@pytest.mark.parametrize("language", Language)
def test_every_stage_has_a_name_of_its_own(language):
    assert len({spec.name(language) for spec in STAGES}) == len(STAGES)


def test_all_is_done_when_every_stage_is_and_not_before():
    done = dict.fromkeys(StageKey, 1.0)
    assert overall_progress(done) == 100
    assert overall_progress({**done, StageKey.AI_ANALYSIS: 0.999}) == 99
    assert overall_progress({}) == 0


def test_a_fraction_beyond_its_bounds_counts_as_the_bound():
    assert overall_progress({StageKey.PAGE_CRAWL: 7.0, StageKey.THIRD_PARTY: -3.0}) == 35


FRACTIONS = st.dictionaries(st.sampled_from(StageKey), st.floats(0, 1))


@given(FRACTIONS, st.sampled_from(StageKey), st.floats(0, 1))
def test_progress_never_falls_while_a_stage_goes_on(fractions, key, more):
    further = {**fractions, key: max(more, fractions.get(key, 0.0))}
    assert 0 <= overall_progress(fractions) <= overall_progress(further) <= 100

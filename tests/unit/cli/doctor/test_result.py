import pytest

from app.cli.doctor.result import CheckResult, CheckStatus, degraded, failed, ok


@pytest.mark.parametrize(("make", "word"), [(ok, "ok"), (degraded, "less"), (failed, "bad")])
def test_scripts_read_the_same_words_as_ever(make, word):
    result = make("port", "1 is taken", "nothing starts")
    assert (result.name, result.found, result.means, result.state.value) == (
        "port",
        "1 is taken",
        "nothing starts",
        word,
    )


def test_what_is_fine_needs_no_meaning():
    assert ok("port", "free") == CheckResult("port", CheckStatus.OK, "free", "")

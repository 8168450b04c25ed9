import re

from app.domain.rule_data import NAMES
from app.engines.analyse.rule_dates import rule_dates


def test_all_data_of_the_program_says_its_date():
    dates = rule_dates()
    assert set(dates) == set(NAMES)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", date) for date in dates.values())


def test_the_newest_file_counts_and_what_says_no_date_is_left_out(tmp_path):
    (tmp_path / "lexicon").mkdir()
    for name, text in (
        ("lexicon/a.txt", "version: 2026-01-02\nx | y\n"),
        ("lexicon/b.txt", "# c\nversion: 2026-03-04\n"),
        ("brands.txt", "bank | a\n"),
        ("gambling_brands.txt", "version: 2025-05-05\n"),
    ):
        (tmp_path / name).write_text(text)
    assert rule_dates(tmp_path) == {"lexicon": "2026-03-04", "houses": "2025-05-05"}

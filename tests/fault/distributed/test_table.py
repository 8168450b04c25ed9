"""The table of faults says what was measured, and needs no fault for that."""

from tests.fault.distributed.table import HEAD, written

QUICK = {"noticed": "1.0 s", "repaired": "", "latest event": "0.50 s", "events lost": "0 of 29", "clients": "4"}
SLOW = {**QUICK, "noticed": "12.0 s", "latest event": "0.40 s", "pages kept": "3"}


def test_of_several_runs_the_slowest_counts_and_what_stands_around_stays():
    document = f"# Faults\n\n{HEAD}| old | | | | | |\n\nMore.\n"
    runs = [("redis hangs", QUICK), ("a worker dies[page_crawl]", QUICK), ("redis hangs", SLOW), ("x[options0]", QUICK)]
    assert written(document, runs) == (
        f"# Faults\n\n{HEAD}"
        "| redis hangs | 12.0 s | - | 0.50 s | 0 of 29 | 4 | pages kept 3 |\n"
        "| a worker dies (page crawl) | 1.0 s | - | 0.50 s | 0 of 29 | 4 | |\n"
        "| x | 1.0 s | - | 0.50 s | 0 of 29 | 4 | |\n"
        "\nMore.\n"
    )


def test_a_table_without_rows_is_filled():
    filled = written(f"{HEAD}\nMore.\n\nAnd more.\n", [("redis hangs", QUICK)])
    assert filled == f"{HEAD}| redis hangs | 1.0 s | - | 0.50 s | 0 of 29 | 4 | |\n\nMore.\n\nAnd more.\n"

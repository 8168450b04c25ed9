import pytest

from tests.support.system_files import TESTS, asks_for_marked_alone, holds_nothing_else, may_hold


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("system/test_browser.py", True),  # by a mark of its own
        ("unit/scans/queries/test_tasks.py", True),  # by a fixture of tests/conftest.py
        ("unit/scans/test_workers.py", True),  # by one of tests/support, which asks for that
        ("unit/scanstore/test_reader.py", True),  # by one of the folder
        ("unit/core/test_heap.py", False),
    ],
)
def test_a_file_says_whether_one_of_its_tests_may_be_marked(path, holds):
    assert may_hold(TESTS / path) is holds


@pytest.mark.parametrize(
    ("path", "alone"),
    [("system/test_browser.py", True), ("unit/scanstore/test_reader.py", False), ("unit/core/test_heap.py", False)],
)
def test_a_file_says_whether_all_its_tests_are_marked(path, alone):
    assert holds_nothing_else(TESTS / path) is alone


@pytest.mark.parametrize(
    ("expression", "alone"),
    [("system and not long", True), ("system", True), ("not system and not fault", False), ("system or long", False)],
)
def test_all_files_are_imported_unless_marked_tests_alone_are_asked_for(expression, alone):
    assert asks_for_marked_alone(expression) is alone

"""Patterns of the SQL operator LIKE."""

import sqlite3

import pytest

from app.core.like import ESCAPE, containing


@pytest.mark.parametrize("special", ["%", "_", "/", "\\", "_%/"])
def test_a_pattern_finds_what_contains_the_text_and_nothing_else(special):
    rows = [f"a{special}b", "a-b", "a", "axyzb"]
    with sqlite3.connect(":memory:") as connection:
        connection.executescript("CREATE TABLE names (name TEXT)")
        connection.executemany("INSERT INTO names VALUES (?)", [(row,) for row in rows])
        query = f"SELECT name FROM names WHERE name LIKE ? ESCAPE '{ESCAPE}'"
        assert connection.execute(query, (containing(special),)).fetchall() == [(rows[0],)]
        assert len(connection.execute(query, (containing("a"),)).fetchall()) == len(rows)

"""The stored settings as browser workers read them: by a function that shows those that rendering needs, no others.

The role of a browser worker (`compose.browser_role`) cannot read the table. A function with its text as a string, not a
view: a later revision may change columns that a view would hold.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, text

FUNCTION: Final = "settings_of_browser_workers"
_MAY_ASK: Final = text(f"SELECT coalesce(has_function_privilege(to_regprocedure('{FUNCTION}()'), 'EXECUTE'), false)")
_NEWEST: Final = text(f"SELECT version, mark, stored FROM {FUNCTION}()")  # noqa: S608 - a constant
_MAKE: Final = """
CREATE OR REPLACE FUNCTION {function}() RETURNS TABLE (version integer, mark text, stored jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT v.version, v.mark, coalesce(
        (SELECT jsonb_object_agg(s.key, s.value) FROM jsonb_each(v.stored::jsonb) AS s WHERE s.key IN ({names})), '{{}}'
    ) FROM configuration_versions AS v ORDER BY v.version DESC LIMIT 1
$$
"""


def offer(connection: Connection, *, schema: str, role: str, names: Iterable[str]) -> None:
    """Make the function for these settings, and let the role alone call it. Schema and role are quoted."""
    listed = ", ".join(f"'{name}'" for name in sorted(names))
    connection.execute(text(_MAKE.format(function=FUNCTION, schema=schema, names=listed)))
    connection.execute(text(f"REVOKE ALL ON FUNCTION {FUNCTION}() FROM PUBLIC"))
    connection.execute(text(f"GRANT EXECUTE ON FUNCTION {FUNCTION}() TO {role}"))


def is_offered(connection: Connection) -> bool:
    """Return whether there is the function, and we may call it: a role that has all rights may do without."""
    return bool(connection.execute(_MAY_ASK).scalar())


def newest_mark(connection: Connection) -> str | None:
    """Return what tells the newest version apart from all others; None when there is none."""
    found = newest(connection)
    return None if found is None else found.mark


def newest(connection: Connection) -> Row[Any] | None:
    """Return version, mark and what rendering needs of it; None when nothing was stored."""
    return connection.execute(_NEWEST).first()

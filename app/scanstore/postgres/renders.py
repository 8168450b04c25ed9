"""Pages that a scan wants to be rendered, and the leases under which browser workers render them.

An order belongs to one attempt of a scan: it is given to nobody once that attempt has ended. The worker that takes it
holds it for a while, by the database's clock, and renews that while it renders; one that is held no longer is taken by
another. An answer counts from its holder alone, and once. Every call is a transaction, and may be made again.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine

from app.scanstore.postgres.characters import original, storable
from app.scanstore.postgres.refusals import refusals
from app.scanstore.postgres.store import Attempt
from app.scanstore.renders import RenderAnswer, RenderOrder, RenderOutcome, RenderState
from app.scanstore.rows import host_in

LEASE_S: Final = 15.0  # a killed worker's pages are rendered by another one after so long
PER_HOST: Final = 4  # pages of one host at a time, by all workers: as many as a scan alone would ask for
MAX_TRIES: Final = 3  # workers that one page may end
MAX_HOST: Final = 253  # characters that DNS can know
_LEASING: Final = 7_310_431  # advisory lock: one lease at a time, so that together they keep `PER_HOST`
_NOW: Final = "clock_timestamp()"  # the time of a transaction stands still while it waits for a lock
_HELD: Final = f"coalesce(held_until >= {_NOW}, false)"
_OWN: Final = (
    "store = (SELECT id FROM scan_stores WHERE task_id = %(task_id)s AND run = %(run)s) AND attempt = %(attempt)s"
)
_PUT: Final = (
    "INSERT INTO scan_drawings (id, store, attempt, url, host, needs_document, timeout_s, logs)"
    " SELECT %(id)s, s.id, s.attempt, %(url)s, %(host)s, %(needs_document)s, %(timeout_s)s, %(logs)s"
    " FROM scan_stores AS s"
    " WHERE s.task_id = %(task_id)s AND s.run = %(run)s AND s.attempt = %(attempt)s ON CONFLICT (id) DO NOTHING"
)
_STATES: Final = f"SELECT id, {_HELD}, outcome IS NOT NULL FROM scan_drawings WHERE {_OWN}"
_ANSWER: Final = (
    "SELECT outcome, reason, final_url, title, screenshot, document, log FROM scan_drawings"
    " WHERE id = %(id)s AND outcome IS NOT NULL"
)
_REMOVE: Final = "DELETE FROM scan_drawings WHERE id = ANY(%(ids)s)"
_REMOVE_OWN: Final = f"DELETE FROM scan_drawings WHERE {_OWN}"
_TAKE_BACK: Final = (
    f"DELETE FROM scan_drawings WHERE id = ANY(%(ids)s) AND outcome IS NULL AND NOT {_HELD} RETURNING id"
)
_ANY_HELD: Final = f"SELECT EXISTS (SELECT 1 FROM scan_drawings WHERE outcome IS NULL AND {_HELD})"
# Orders of attempts that run.
_WANTED: Final = (
    " FROM scan_drawings AS d JOIN scan_stores AS s ON s.id = d.store AND s.attempt = d.attempt"
    " JOIN scan_tasks AS t ON t.id = s.task_id AND t.attempt = d.attempt AND t.run = s.run AND t.status = 'running'"
    f" WHERE d.outcome IS NULL AND NOT coalesce(d.held_until >= {_NOW}, false)"
)
_ANY_WANTED: Final = f"SELECT EXISTS (SELECT 1{_WANTED})"
# First of the scan that has the fewest pages under way: a large one does not keep the others waiting. In a scan, pages
# of the site, whose requests are noted, come before pictures of others: what they load makes findings.
_LEASE: Final = (
    f"WITH held AS MATERIALIZED (SELECT store, host FROM scan_drawings WHERE outcome IS NULL AND {_HELD}),"
    " of_host AS MATERIALIZED (SELECT host, count(*) AS pages FROM held GROUP BY host),"
    " of_scan AS MATERIALIZED (SELECT store, count(*) AS pages FROM held GROUP BY store),"
    f" wanted AS MATERIALIZED (SELECT d.id, d.store, d.host, d.logs, d.queued_at{_WANTED}),"
    " next AS MATERIALIZED (SELECT w.id FROM wanted AS w LEFT JOIN of_host AS h ON h.host = w.host"
    f" LEFT JOIN of_scan AS s ON s.store = w.store WHERE coalesce(h.pages, 0) < {PER_HOST}"
    " ORDER BY coalesce(s.pages, 0), w.logs DESC, w.queued_at, w.id LIMIT 1)"
    f" UPDATE scan_drawings SET holder = %(holder)s, held_until = {_NOW} + make_interval(secs => %(lease_s)s),"
    " tries = tries + 1 WHERE id = (SELECT id FROM next) RETURNING id, url, timeout_s, needs_document, logs"
)
_GIVE_UP: Final = (
    "UPDATE scan_drawings SET outcome = %(outcome)s, reason = %(reason)s, holder = NULL"
    f" WHERE outcome IS NULL AND tries >= {MAX_TRIES} AND NOT {_HELD}"
)
_RENEW: Final = (
    f"UPDATE scan_drawings AS d SET held_until = {_NOW} + make_interval(secs => %(lease_s)s)"
    " FROM scan_stores AS s WHERE d.id = ANY(%(ids)s) AND d.holder = %(holder)s AND d.outcome IS NULL"
    " AND s.id = d.store AND s.attempt = d.attempt RETURNING d.id"
)
_FINISH: Final = (
    "UPDATE scan_drawings AS d SET outcome = %(outcome)s, reason = %(reason)s, final_url = %(final_url)s,"
    " title = %(title)s, screenshot = %(screenshot)s, document = %(document)s, log = %(log)s"
    " FROM scan_stores AS s"
    " WHERE d.id = %(id)s AND d.holder = %(holder)s AND d.outcome IS NULL"
    " AND s.id = d.store AND s.attempt = d.attempt"
)
_GIVE_BACK: Final = (
    "UPDATE scan_drawings SET holder = NULL, held_until = NULL, tries = tries - %(uncounted)s"
    " WHERE holder = %(holder)s AND outcome IS NULL"
)
_FORGET: Final = (
    "DELETE FROM scan_drawings AS d WHERE NOT EXISTS (SELECT 1 FROM scan_stores AS s JOIN scan_tasks AS t"
    " ON t.id = s.task_id AND t.run = s.run AND t.attempt = s.attempt AND t.status = 'running'"
    " WHERE s.id = d.store AND s.attempt = d.attempt)"
)


class ScanRenders:
    """The orders of one attempt. Blocking, from any thread; every call raises StoreUnavailable."""

    def __init__(self, engine: Engine, attempt: Attempt) -> None:
        """`engine` commits by itself."""
        self._engine = engine
        self._own = {"task_id": attempt.task_id, "run": attempt.run, "attempt": attempt.attempt}

    def put(self, orders: Sequence[RenderOrder]) -> None:
        """Ask for these pages; one that was asked for already stays as it is. Nothing is asked for an attempt that
        somebody has succeeded.
        """
        with refusals(), self._engine.begin() as connection:
            for order in orders:
                values = {"id": order.id, "url": storable(order.url), "host": storable(host_in(order.url)[:MAX_HOST])}
                wish = {"needs_document": order.needs_document, "timeout_s": order.timeout_s, "logs": order.logs}
                connection.exec_driver_sql(_PUT, self._own | values | wish)

    def states(self) -> list[RenderState]:
        """Return how far each of them is."""
        with refusals(), self._engine.connect() as connection:
            return [RenderState(*row) for row in connection.exec_driver_sql(_STATES, self._own)]

    def answer(self, render_id: str) -> RenderAnswer | None:
        """Return what came of it; None: nothing yet, or it is not there any more."""
        with refusals(), self._engine.connect() as connection:
            found = connection.exec_driver_sql(_ANSWER, {"id": render_id}).first()
        if found is None:
            return None
        outcome, reason, final_url, title, *contents = found
        screenshot, document, log = (bytes(content or b"") for content in contents)
        texts = (original(reason), original(final_url), original(title))
        return RenderAnswer(RenderOutcome(outcome), *texts, screenshot, document, log)

    def remove(self, ids: Collection[str]) -> None:
        """Forget these: their answer was taken, or nobody waits for it."""
        with refusals(), self._engine.connect() as connection:
            connection.exec_driver_sql(_REMOVE, {"ids": list(ids)})

    def take_back(self, ids: Collection[str]) -> set[str]:
        """Remove those of these that nobody is at, and return them: no worker will render them any more."""
        with refusals(), self._engine.connect() as connection:
            return set(connection.exec_driver_sql(_TAKE_BACK, {"ids": list(ids)}).scalars())

    def remove_all(self) -> None:
        """Forget all orders of the attempt."""
        with refusals(), self._engine.connect() as connection:
            connection.exec_driver_sql(_REMOVE_OWN, self._own)

    def is_any_held(self) -> bool:
        """Return whether any worker is at any page, of whatever scan."""
        with refusals(), self._engine.connect() as connection:
            return bool(connection.exec_driver_sql(_ANY_HELD).scalar())


class RenderLeases:
    """The orders of all scans, for those who render. Blocking, from any thread; every call raises StoreUnavailable."""

    def __init__(self, engine: Engine, *, lease_s: float = LEASE_S) -> None:
        """`engine` commits by itself."""
        self._engine = engine
        self._lease_s = lease_s

    def is_any_wanted(self) -> bool:
        """Return whether a page waits that nobody is at."""
        with refusals(), self._engine.connect() as connection:
            return bool(connection.exec_driver_sql(_ANY_WANTED).scalar())

    def lease(self, holder: str, count: int) -> list[RenderOrder]:
        """Return up to `count` pages that `holder` alone is to render now. One at which several holders have died is
        answered as failed instead.
        """
        found = []
        with refusals(), self._transaction() as connection, connection.begin():
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": _LEASING})
            said = {"outcome": RenderOutcome.FAILED, "reason": f"no worker came to its end in {MAX_TRIES} tries"}
            connection.exec_driver_sql(_GIVE_UP, said)
            for _ in range(count):
                row = _next(connection, holder, self._lease_s)
                if row is None:
                    break
                found.append(row)
        return found

    def renew(self, holder: str, ids: Collection[str]) -> set[str]:
        """Hold these for as long again, and return those that are still ours."""
        values = {"holder": holder, "ids": list(ids), "lease_s": self._lease_s}
        with refusals(), self._engine.connect() as connection:
            return set(connection.exec_driver_sql(_RENEW, values).scalars())

    def finish(self, holder: str, render_id: str, answer: RenderAnswer) -> bool:
        """Answer; False: another one holds it now, or nobody waits for it any more."""
        values = {
            "holder": holder,
            "id": render_id,
            "outcome": answer.outcome,
            "reason": storable(answer.reason),
            "final_url": storable(answer.final_url),
            "title": storable(answer.title),
            "screenshot": answer.screenshot or None,
            "document": answer.document or None,
            "log": answer.log or None,
        }
        with refusals(), self._engine.connect() as connection:
            return connection.exec_driver_sql(_FINISH, values).rowcount == 1

    def give_back(self, holder: str, *, counts: bool) -> None:
        """Let others take what this holder has not answered. `counts`: the pages may be what ended it."""
        with refusals(), self._engine.connect() as connection:
            connection.exec_driver_sql(_GIVE_BACK, {"holder": holder, "uncounted": int(not counts)})

    def forget_over(self) -> None:
        """Remove orders of attempts that do not run any more."""
        with refusals(), self._engine.connect() as connection:
            connection.exec_driver_sql(_FORGET)

    def _transaction(self) -> Connection:
        return self._engine.connect().execution_options(isolation_level="READ COMMITTED")


def _next(connection: Connection, holder: str, lease_s: float) -> RenderOrder | None:
    row: Any = connection.exec_driver_sql(_LEASE, {"holder": holder, "lease_s": lease_s}).first()
    return None if row is None else RenderOrder(row[0], original(row[1]), row[2], row[3], row[4])

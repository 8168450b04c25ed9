"""What other subjects read of the sites: their sums, the worst of them, and what waits for a review."""

from app.sites.queries import Counts, forget_user, is_all_counted, totals, waiting_scans, worst
from app.sites.tables import NOW

__all__ = ["NOW", "Counts", "forget_user", "is_all_counted", "totals", "waiting_scans", "worst"]

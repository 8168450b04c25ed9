"""What happens to the sites of a user who is removed."""

from app.sites.queries.sites import forget_user as forget_sites

__all__ = ["forget_sites"]

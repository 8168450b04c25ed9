"""What is in effect, as others read it in transactions of their own: settings, and the version of the local reader."""

from app.configuration.queries.configuration import newest
from app.configuration.queries.local_readers import find, find_enabled

__all__ = ["find", "find_enabled", "newest"]

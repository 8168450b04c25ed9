"""Prefixes of reference kinds for links whose visibility a browser has determined."""

from typing import Final

# It is hidden, though nothing that was read says so.
RENDERED: Final = "rendered:"
# It is seen, though it was read to be hidden. This speaks for all references of the page to the same address.
SHOWN: Final = "shown:"

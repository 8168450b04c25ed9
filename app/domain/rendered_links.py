"""How it is said that a browser has shown whether a link of a page is seen: before the kind of its reference."""

from typing import Final

# It is hidden, though nothing that was read says so.
RENDERED: Final = "rendered:"
# It is seen, though it was read to be hidden. This speaks for all references of the page to the same address.
SHOWN: Final = "shown:"

"""Standard error, whoever has it just now."""

import io
import sys


class CurrentStderr(io.TextIOBase):
    """Writes to what `sys.stderr` is at that moment: a live display takes its place, and shows lines above itself."""

    def write(self, text: str, /) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()

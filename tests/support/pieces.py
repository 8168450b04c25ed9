"""A document that is made of given pieces, and the row of its task: what `ReportStreams` works with."""

from types import SimpleNamespace


class Pieces:
    """Fulfils `ReportPieces`: gives out what it was given, and raises what is an error."""

    def __init__(self, *pieces):
        self.waiting = list(pieces)
        self.read_so_far = 0
        self.closed = False

    async def read(self):
        if not self.waiting:
            return None
        piece = self.waiting.pop(0)
        if isinstance(piece, Exception):
            raise piece
        self.read_so_far += 1
        return piece

    async def close(self):
        self.closed = True


class Rows:
    """Finds one row, or raises."""

    def __init__(self, error=None):
        self.error = error

    async def find(self, _principal, wanted):
        if self.error is not None:
            raise self.error
        return SimpleNamespace(id=wanted.task_id, attempt=3)

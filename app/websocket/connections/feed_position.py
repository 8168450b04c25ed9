"""How far one connection was told of its user's notifications (protocol.md, "Follow notifications"). No I/O."""

from dataclasses import dataclass

FeedState = tuple[int, int, int]  # number of the newest notification, revision of reading, unread ones


@dataclass(slots=True, eq=False, repr=False)
class FeedPosition:
    """A subscription to the topic `notifications`. Another one takes its place when the client subscribes again."""

    cursor: int  # up to here the feed was considered: sent, or no longer kept
    last_sent: int  # number of the last notification that was sent, or the position from which it began
    told: FeedState | None = None  # what the client was last told of the whole feed; None: nothing yet
    is_due: bool = False  # somebody has said that the feed has changed since the last look

    def go_to(self, seq: int) -> None:
        """Go on after `seq`, whatever was told before."""
        self.cursor = self.last_sent = seq
        self.told = None

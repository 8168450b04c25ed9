"""Sends together what was gathered: for the digest of a rule, and for a channel that was crowded."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.core.principal import ADMIN
from app.identity.accounts import is_active, roles_of_active
from app.notifications.delivering import NewDelivery, deliver
from app.notifications.queries import deliveries, digests

# Contents of one delivery; of the others it has the number. All that messages show (`messages.MAX_SECTIONS`), and
# little enough to be written once for each channel of a rule in one transaction.
MAX_IN_DIGEST: Final = 20


def send_of_rule(connection: Connection, *, rule: Row[Any], now: datetime) -> None:
    """Send a rule's digest by its channels, if nobody else has."""
    digest = digests.take_of_rule(connection, rule, limit=MAX_IN_DIGEST)
    if digest is None or not digest.items:
        return
    roles = roles_of_active(connection, {rule.user_id})
    if not rule.is_enabled or rule.user_id not in roles or (rule.all_users and roles[rule.user_id] != ADMIN):
        return  # what was gathered is no longer for this user to see
    source = f"{rule.id}:{digest.first}"  # of no other digest, whatever the clocks of two servers say
    ids = deliveries.enabled(connection, rule.user_id, rule.channel_ids)
    deliver(connection, rule.user_id, [NewDelivery(one, source, digest.contents) for one in ids], now)


def send_of_channel(connection: Connection, *, channel_id: str, now: datetime) -> None:
    """Send by a channel what came while it was crowded, if nobody else has."""
    taken = digests.take_of_channel(connection, channel_id, limit=MAX_IN_DIGEST)
    if taken is None:
        return
    channel, digest = taken
    if digest.items and channel.is_enabled and is_active(connection, channel.user_id):
        new = NewDelivery(channel_id, f"{channel_id}:{digest.first}", digest.contents)
        deliver(connection, channel.user_id, [new], now)

"""One module for each kind of channel: how a message is written for it, and what its answers mean."""

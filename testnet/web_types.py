"""Content types by which the world asks the web server for something special."""

BOMB_TYPE = "application/x-testnet-bomb"  # the body is the gzip bomb, made when it is first asked for

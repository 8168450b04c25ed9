"""Use cases: each owns its transactions. Knows neither sockets nor the engines."""

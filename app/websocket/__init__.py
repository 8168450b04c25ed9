"""Real-time delivery: protocol, connections, subscriptions, fan-out. See docs/realtime.md."""

"""Open connections, their subscriptions, and the way frames leave on them."""

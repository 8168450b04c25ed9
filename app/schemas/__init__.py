"""Bodies of REST requests and responses. Requests refuse unknown keys, so that a typing error is never ignored."""

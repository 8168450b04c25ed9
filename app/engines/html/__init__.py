"""An HTML document, decoded and parsed once: its text, what it says to people, and where it sends a browser."""

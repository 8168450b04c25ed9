"""An HTML document, decoded and parsed once: its text, its content for people, and its redirects."""

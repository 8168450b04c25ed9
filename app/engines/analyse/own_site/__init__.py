"""Signs of tampering in pages of the site itself."""

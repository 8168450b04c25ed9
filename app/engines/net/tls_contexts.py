"""TLS contexts: one that judges, and one that looks although the certificate is bad."""

import ssl


def verifying_context(ca_file: str | None) -> ssl.SSLContext:
    """Make a context with the system's roots and the deployment's own (PEM). Reads files: make it once."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def unverified_context() -> ssl.SSLContext:
    """Make a context for any certificate and old ciphers: what such a site shows is evidence, never trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context

"""The bundled test internet: name server, web hosts, certificate log and their findings, in one process.

It knows nothing of the product, and the product nothing of it: they meet through settings that real users need as
well (resolver, allowed networks, certificate file, port map). `docs/testnet.md` says how to look around.
"""

"""Documents that are no pages: what PDF and Office files lead to. Pure: bytes in, references out.

Runs in the processes that read what strangers wrote (`engines.parsing`), which have limits of time and memory.
"""

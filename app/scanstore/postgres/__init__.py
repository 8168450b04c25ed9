"""Stores of runs in PostgreSQL: one set of tables for all of them, whose rows name their store.

A store is written in batches, each a transaction that holds only while the attempt is the one that may write. Needs the
packages of `requirements/distributed.txt`.
"""

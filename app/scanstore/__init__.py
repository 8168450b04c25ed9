"""What one scan collects: frontier, pages, references, third parties, captures. One file per scan.

Knows the engine's facts (`app.engines.model`, pure data) and nothing else of the engine.
"""

"""Results of one scan (`domain.scan_facts`): frontier, pages, references, third parties, captures."""

"""LLM review of pages: a language model behind an endpoint of the operator, off unless a setting names one."""

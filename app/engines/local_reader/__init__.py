"""A local classifier, trained on the decisions of the reviewers of a deployment (ADR 0050)."""

"""Stage 3: references aggregated into classified third parties, with their registrations."""

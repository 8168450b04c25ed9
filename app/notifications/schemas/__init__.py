"""Request and response models of notifications."""

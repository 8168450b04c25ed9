"""What stands behind a finding, made readable."""

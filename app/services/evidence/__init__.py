"""What stands behind a finding: how our pages lead there, what was captured, why it is a risk, what to do."""

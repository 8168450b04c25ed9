"""What the routes of all subjects share: parameters, languages, answers, and the fields of their bodies."""

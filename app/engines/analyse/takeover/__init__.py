"""Names of the site that lead to what anybody can set up."""

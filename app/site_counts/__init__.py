"""What is open of each site, kept with whatever changes it."""

"""What supervision watches: rules, findings, leads, cases, recoveries."""

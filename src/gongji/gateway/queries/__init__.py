"""What institutions may ask."""

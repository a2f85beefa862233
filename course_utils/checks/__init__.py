"""The exercises' checks: they answer back."""

"""Lands the change events of a shop as lake tables."""

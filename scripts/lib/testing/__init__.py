"""Builds the project and runs its tests: scripts/test."""

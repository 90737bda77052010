"""From a fresh machine to Pods on their CPUs: scripts/quickstart."""

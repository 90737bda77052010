"""A real Kubernetes cluster on this machine, for tests and for trying things out: scripts/cluster."""

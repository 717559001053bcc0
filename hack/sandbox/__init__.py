"""A real cluster, a real database and the operator on this machine: for the demo, for playing, for the tests."""

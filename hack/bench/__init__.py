"""What the operator costs and how fast it is, measured on a real API server with a real database."""

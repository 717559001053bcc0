"""Room 2, reads only: what the cluster and the database say."""

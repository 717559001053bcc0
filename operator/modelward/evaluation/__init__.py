"""Judging and rolling back by hand or by cron, against a database alone: what Python and the command line share."""

"""PostgreSQL: connections made from Secrets, named queries, errors with reasons, migrations."""

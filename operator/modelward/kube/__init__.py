"""The API server: a thin asynchronous client of exactly the verbs the operator may use."""

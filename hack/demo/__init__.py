"""`python -m demo`: a model gets worse on real flights, and is rolled back on a real API server.

flights and models say what is predicted and how well; stream writes predictions and actuals into the database as a
serving model would; stage sets up cluster, database and operator; story tells the four acts.
"""

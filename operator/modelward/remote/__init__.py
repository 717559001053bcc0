"""The verbs on ModelDeployments, for people with a kubeconfig and no access to any database: the cluster's door.

All that is known comes from the resource's status; what is to be done is asked for by annotation, and the operator
answers in status.
"""

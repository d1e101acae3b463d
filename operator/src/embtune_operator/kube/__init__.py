"""Kubernetes behind the `Cluster` protocol: manifests of children, what pods say, status, events, credentials.

Nothing here decides what happens next; `pipeline` does. Nothing here watches; `service` does.
"""

"""The operator as a process: what is watched, what is done next and by whom, and how one sees from outside that it works.

What belongs here: watches, the queue, leadership, health, metrics, start and stop. What does not: what a pass decides
(`pipeline`, `versions`, `lines`), and how Kubernetes is asked (`kube`).

```
watching (kopf, in a thread of its own) → sightings → resources (the cache) → queue → workers → jobs, versions, lines, scratch
```
"""

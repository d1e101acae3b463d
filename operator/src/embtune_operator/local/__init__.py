"""`embtune run`: the same pipeline with local processes for a cluster.

What belongs here: starting, stopping and watching processes of this machine. What does not: any decision about the job.
"""

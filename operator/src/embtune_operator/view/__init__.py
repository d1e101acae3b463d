"""What people see in a terminal: progress while a job runs, and tables afterwards.

What belongs here: words and layout. What does not: numbers that are not already in the store or the status.
"""

"""The contract that the operator, the steps and their users share.

What belongs here: pydantic models of what people write (`spec`, `resources`), what they read (`status`, `reports`,
`verdict`), what lies in the store (`documents`, `keys`), what a step is asked to do (`requests`), and the errors and
exit codes they all use. What does not: input, output, the clock, or anything that needs more than pydantic.
"""

"""From files to a job: what the columns mean, how to divide the rows, which recipe, and why.

    look (asks the trainer) → columns (what they mean) → proposal (data, recipe, reasons) → job (YAML)

What belongs here: decisions over what a look found, pure but for `ask`. What does not: reading data, presets, printing.
"""

"""From a corpus without labels to pairs that people have looked at.

    corpus → ask (the trainer makes pairs) → sheet (people accept or reject) → review (what they said)

What belongs here: what is asked of the trainer, the sheet, what is counted of it. What does not: models, servers, printing.
"""

"""Finding a stamp whose credential was stripped, by what the picture looks like.

What is found is a lead, and no proof.
"""

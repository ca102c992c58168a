"""Signature diagnosis: which mistakes in signing or sending explain a wrong signature.

Each module imports only from those above it:

    rewriting         a text as other encodings have it
    differences       where two texts differ first
    signing_mistakes  mistakes in the text that is signed
    separators        separators inside of values
    meanings          what the parameters were meant to be
    cut_values        values that were cut at a separator
    sending_mistakes  mistakes in how parameters were sent
    search            the search for mistakes that give a signature
    explanation       the explanation of a signature
"""

"""Signature diagnosis: known mistakes in signing and sending, and the search for those that explain a wrong
value.
"""

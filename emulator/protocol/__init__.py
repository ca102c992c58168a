"""What the gateway's document says: endpoint tables, codes, findings, answers and their faults, and the
masking of card data.
"""

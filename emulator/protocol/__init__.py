"""What the gateway's document says: endpoint tables, codes, findings, answers and their faults, and how card
data is kept out.
"""

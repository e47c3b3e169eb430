"""Accuracy and speed of Untuck's motion core, side by side with peers: `python -m bench --help`.

Recordings become semi-synthetic runs with known truth; figures are printed beside their goals.
Nothing here is needed to run Untuck; nothing of the product imports it.
"""

"""Accuracy and speed of Untuck, side by side with peers: `python -m bench --help`.

Recordings become semi-synthetic runs with known truth; figures are printed beside their goals. Benches import the
package and virtual_clip; neither imports a bench. lib/ holds what several benches or tests need.
"""

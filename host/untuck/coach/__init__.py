"""The coach's window: what a runner does, readable from three metres, and what a coach can do about it.

Only this package knows Qt. It gets numbers through feed.py and asks for things through control.py; where samples come
from, and who records them, it does not know.
"""

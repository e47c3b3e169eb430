"""The coach's window (Qt): the state of up to four runners, readable from three metres, and the controls of a session.

The window gets data through session_feed.py and gives commands through control.py. It does not know where samples come
from or who records them. No other package imports Qt.
"""

"""The phone as host: the core in a page that connects to the clip by Web Bluetooth.

app/ is Python that runs in the page's worker, page/ its static files, site/ what builds and serves them.
"""

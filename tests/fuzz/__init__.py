"""Hostile input for every reader of bytes, text and files: `make fuzz`, and a short form in `make test`."""

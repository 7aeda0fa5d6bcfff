"""Figures for people: read, measured by `responder.timing` and shown; nothing here works a figure out by itself."""

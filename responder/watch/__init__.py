"""Who waits too long: which target binds an enquiry, when its timers are due, and what follows when they are.

`targets.py` and `rules.py` are pure; `service.py` claims what is due and raises alerts; `window.py` and `channels.py`
watch what no single enquiry shows.
"""

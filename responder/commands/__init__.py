"""What each command of `responder` does; `cli.py` only names them and reads their options."""

"""The words in which understanding, LLM, booking, delivery and turns talk to one another; values and tables only."""

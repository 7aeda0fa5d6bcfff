"""Evaluation: dialogues written down as scenarios, played through the real turns, judged by what must be true."""

"""What a message costs here, beside a program that does the least that could work. `make bench` runs it."""

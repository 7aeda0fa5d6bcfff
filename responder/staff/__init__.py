"""People of a salon who log in: accounts, sessions, invitations, and the record of what they did."""

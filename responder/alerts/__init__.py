"""What somebody has to be told, to whom, and how it reaches them.

Any room may raise an alert, in the transaction of what caused it (`service.py`). The product lists it at once
(`views.py`); `sending.py` brings it to destinations outside, many alerts in one message.
"""

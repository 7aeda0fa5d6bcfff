"""What `/metrics` tells Prometheus; names end in their unit, labels never hold customer data."""

from __future__ import annotations

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 180, 600, 3600)

MESSAGES = Counter("responder_messages", "Messages stored.", ("channel", "direction", "author"))
DUPLICATES = Counter("responder_duplicates", "Redelivered inbound items that changed nothing.", ("channel",))
REJECTED = Counter("responder_rejected_requests", "Webhook requests refused.", ("channel", "status"))
TURNS = Counter("responder_turns", "Turns finished.", ("understood_by", "outcome"))
TURN_STAGE = Histogram("responder_turn_stage_seconds", "Time in one stage of a turn.", ("stage",), buckets=SECONDS)
TURN_STAGE_CPU = Counter(
    "responder_turn_stage_cpu_seconds", "Processor time while a stage ran, whoever used it.", ("stage",)
)
SENDS = Counter("responder_sends", "Attempts to hand a message to a messenger.", ("channel", "outcome"))
SEND_SECONDS = Histogram("responder_send_seconds", "Time of one attempt.", ("channel",), buckets=SECONDS)
WAIT_SECONDS = Histogram(
    "responder_wait_seconds", "From the clock start to the accepted reply.", ("channel", "author"), buckets=SECONDS
)
LLM_CALLS = Counter("responder_llm_calls", "Calls of an LLM.", ("endpoint", "outcome"))
LEADS = Counter("responder_lead_pushes", "Attempts to bring a lead into a CRM.", ("crm", "outcome"))
HANDOFFS = Counter("responder_handoffs", "Dialogues handed to people.", ("reason",))
BOOKINGS = Counter("responder_bookings", "Slots held, booked, refused because taken, cancelled.", ("outcome",))
REPORT_SECONDS = Histogram("responder_report_seconds", "Time of one request of a report.", ("report",), buckets=SECONDS)
ALERTS = Counter("responder_alerts", "Alerts raised.", ("kind",))
ALERT_SENDS = Counter("responder_alert_sends", "Attempts to bring alerts to a destination outside.", ("outcome",))
TIMERS = Counter("responder_timers", "Timers of enquiries that fired.", ("step",))
TIMER_LATE = Histogram("responder_timer_late_seconds", "From the due second of a timer to its firing.", buckets=SECONDS)
READY = Gauge("responder_part_ready", "1 when a part of the process works.", ("part",))

__all__ = ["REGISTRY"]

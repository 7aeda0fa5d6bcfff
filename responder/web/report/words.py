"""What the words of the report API mean, as it tells programs; docs/timing.md says it at length."""

from __future__ import annotations

from typing import Any

from responder.timing.definitions import Definition
from responder.timing.measures import Measure
from responder.timing.timeline import DEFINITION, Exclusion

_CLOCK = "the customer's first message, by the messenger's own time"
MEASURES = {
    Measure.FIRST_REPLY: (_CLOCK, "the first accepted reply of anybody, automatic notices aside"),
    Measure.FIRST_USEFUL: (_CLOCK, "the first accepted useful reply of anybody: the headline"),
    Measure.BOT_FRT: (_CLOCK, "the first accepted useful reply of the bot"),
    Measure.HUMAN_FRT: (_CLOCK, "the first accepted reply of a person"),
    Measure.HUMAN_WAIT: (
        "the moment a person was needed",
        "the first accepted reply of a person after it; one wait for each hand-off",
    ),
    Measure.RESOLUTION: (_CLOCK, "the closing of the enquiry"),
    Measure.PIPELINE_LAG: ("the messenger's time of the message", "our receipt of it"),
}
DEFINITIONS = {
    Definition.TIMING_1: "Ours. Who was not answered stays in as an open wait.",
    Definition.ZENDESK: (
        "First reply time: from our receipt to the first reply a person wrote; unanswered ones left out."
    ),
    Definition.INTERCOM: (
        "First response time of teammates: from the first message received to a person's first reply; unanswered ones "
        "left out."
    ),
    Definition.CHATWOOT: (
        "First response time: from the hand-off by the bot, else from our receipt, to the first reply a person wrote; "
        "unanswered ones left out."
    ),
}


def definitions_document() -> dict[str, Any]:
    return {
        "definition": DEFINITION,
        "measures": [
            {"name": measure.value, "starts": starts, "ends": ends} for measure, (starts, ends) in MEASURES.items()
        ],
        "definitions": [{"name": name.value, "says": says} for name, says in DEFINITIONS.items()],
        "exclusions": [reason.value for reason in Exclusion],
    }

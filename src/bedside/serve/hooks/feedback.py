"""What became of cards: feedback of clients, appended to a journal, each event once however often it is sent."""

from datetime import UTC, datetime

from bedside.errors import CallRefused
from bedside.serve.hooks.messages import Feedback, Feedbacks
from bedside.serve.journal import Journal, Line, digest
from bedside.types import Json


class FeedbackBook:
    """Feedback that a service has received.

    Args:
        journal: To which it is appended; what stands there is known again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known = {str(line["event"]) for line in journal.lines() if "event" in line}

    def add(self, service: str, client: str, feedbacks: Feedbacks) -> int:
        """Append what is new; how many events that was. They are on the disk when this returns.

        Raises:
            CallRefused: 507 where the disk is full: the client must send again.
        """
        new = 0
        for feedback in feedbacks.feedback:
            line = _line(service, client, feedback)
            event = str(line["event"])
            if event in self._known:
                continue
            try:
                self._journal.append(line, durable=True)
            except OSError:
                msg = "feedback cannot be kept now; nothing of it is lost if it is sent again later"
                raise CallRefused(507, "no-store", msg) from None
            self._known.add(event)
            new += 1
        return new


def _line(service: str, client: str, feedback: Feedback) -> Line:
    accepted = sorted(one.id for one in feedback.accepted_suggestions or ())
    told = feedback.override_reason
    reason = told.reason if told is not None and told.reason is not None else {}
    code, system = _text(reason.get("code")), _text(reason.get("system"))
    comment = (told.user_comment or "") if told is not None else ""
    words = (service, feedback.card, feedback.outcome, feedback.outcome_timestamp, *accepted, code, system, comment)
    line: dict[str, Json] = {
        "event": digest(*words),
        "received": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "service": service,
        "client": client,
        "card": feedback.card,
        "outcome": feedback.outcome,
        "at": feedback.outcome_timestamp,
    }
    more: dict[str, Json] = {"accepted": list(accepted), "reason": code, "system": system, "comment": comment}
    return line | {name: value for name, value in more.items() if value}


def _text(value: object) -> str:
    return value[:256] if isinstance(value, str) else ""

"""The words of a lead's comment, by language: data, so that a language is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "service": "Услуга",
        "specialist": "Специалист",
        "held": "Время выбрано, запись не подтверждена",
        "booked": "Запись",
        "cancelled": "Запись отменена",
        "expired": "Время не подтверждено и снято",
        "came": "Визит состоялся",
        "no_show": "Не пришёл",
        "wish": "Пожелание по времени",
        "channel": "Канал",
        "source": "Источник",
        "transcript": "Переписка",
        "received_at": "Обращение получено",
        "first_response_at": "Первый ответ",
        "auto_reply": "Первым ответил бот",
        "first_reply_s": "До первого ответа",
        "first_useful_s": "До первого ответа по делу",
        "bot_frt_s": "Ответ бота",
        "human_frt_s": "Ответ сотрудника",
        "human_wait_s": "Ожидание сотрудника",
        "resolution_s": "До решения вопроса",
        "pipeline_lag_s": "Задержка канала",
        "yes": "да",
        "no": "нет",
        "seconds": "с",
    },
    "en": {
        "service": "Service",
        "specialist": "Specialist",
        "held": "Time chosen, booking not confirmed",
        "booked": "Booked for",
        "cancelled": "Booking cancelled",
        "expired": "Time not confirmed and released",
        "came": "Came",
        "no_show": "Did not come",
        "wish": "Preferred time",
        "channel": "Channel",
        "source": "Source",
        "transcript": "Dialogue",
        "received_at": "Enquiry received",
        "first_response_at": "First reply",
        "auto_reply": "The bot answered first",
        "first_reply_s": "To the first reply",
        "first_useful_s": "To the first useful reply",
        "bot_frt_s": "Reply of the bot",
        "human_frt_s": "Reply of a person",
        "human_wait_s": "Wait for a person",
        "resolution_s": "To resolution",
        "pipeline_lag_s": "Delay of the channel",
        "yes": "yes",
        "no": "no",
        "seconds": "s",
    },
}

FALLBACK = "en"


def labels_of(language: str) -> Mapping[str, str]:
    """The labels in `language`, else in English."""
    return LABELS.get(language, LABELS[FALLBACK])

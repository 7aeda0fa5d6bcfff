"""Reading a salon file: what it may say, and how every mistake is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from responder.errors import BadFile, FileProblem
from responder.salon.file import read_salon_file
from responder.salon.schema import Bitrix24Crm, Bitrix24Options, SalonFile, WebchatChannel
from tests.factories import salon_data

ROOT = Path(__file__).parents[3]

SMALL = """\
slug: primer
name: Салон «Пример»
zone: Asia/Yekaterinburg
country: RU
language: ru
languages: [ru, en]
currency: RUB
hours:
  mon-fri: 10:00-21:00
services:
  - key: cut
    name: Стрижка
    duration: 60
specialists:
  - key: anna
    name: Анна
    skills: [cut]
"""


def read(folder: Path, text: str | bytes, **options: Any) -> SalonFile:
    path = folder / "salon.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_salon_file(path, **options)


def problems(folder: Path, text: str | bytes, **options: Any) -> list[FileProblem]:
    with pytest.raises(BadFile) as caught:
        read(folder, text, **options)
    return caught.value.problems


def only_problem(folder: Path, text: str | bytes, **options: Any) -> tuple[int, str, str]:
    (problem,) = problems(folder, text, **options)
    return problem.line, problem.field, problem.problem


@pytest.mark.parametrize("name", ["responder/salon/demo/salon.yaml", "docs/examples/clinic.yaml"])
def test_shipped_files_are_right(name: str) -> None:
    """The salon files that we ship have no mistakes and survive being stored."""
    file = read_salon_file(ROOT / name)

    assert SalonFile.model_validate(file.stored()) == file


def test_plain_text_is_in_the_language_of_the_salon(tmp_path: Path) -> None:
    """A text that names no language is in the salon's language."""
    file = read(tmp_path, SMALL)

    assert file.services[0].name == {"ru": "Стрижка"}


def test_colon_numbers_are_text(tmp_path: Path) -> None:
    """`10:30` is a time and 1:30 no duration of 90: YAML's base-60 numbers are never applied."""
    file = read(tmp_path, SMALL.replace("10:00-21:00", "[10:30-12:00, 13:00-19:45]"))

    assert file.hours == {"mon-fri": ("10:30-12:00", "13:00-19:45")}
    assert only_problem(tmp_path, SMALL.replace("duration: 60", "duration: 1:30"))[:2] == (13, "services[0].duration")


def test_words_that_yaml_takes_for_booleans_stay_words(tmp_path: Path) -> None:
    """Country NO and a service called "on" are not true or false."""
    file = read(tmp_path, SMALL.replace("RU\n", "NO\n").replace("Стрижка", "on"))

    assert (file.country, file.services[0].name) == ("NO", {"ru": "on"})


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "problem"),
    [
        ("duration: 60", "duration: 60\n    bufer: 5", 14, "services[0].bufer", "did you mean `buffer`?"),
        ("duration: 60", "duration: 60 minuts", 13, "services[0].duration", "not a duration"),
        ("duration: 60", "duration: 2 min", 13, "services[0].duration", "must be at least 5"),
        ("duration: 60", "duration:", 13, "services[0].duration", "is empty"),
        ("    duration: 60\n", "", 11, "services[0].duration", "is missing"),
        ("duration: 60", "duration: 60\n    price: -5", 14, "services[0].price", "0 or more"),
        ("duration: 60", "duration: 60\n    price: 10.505", 14, "services[0].price", "more than 2 decimal places"),
        ("duration: 60", "duration: 60\n    price: {from: 9, to: 3}", 14, "services[0].price.to", "below `from`"),
        ("duration: 60", "duration: 60\n    also: стричь", 14, "services[0].also", "must be a list"),
        ("key: anna", "key: Anna B", 15, "specialists[0].key", "not a key"),
        ("name: Стрижка", "name: {ru: Стрижка, eng: Cut}", 12, "services[0].name.eng", "did you mean `en`?"),
        ("name: Стрижка", "name: {ru: чик, чик}", 12, "services[0].name.чик", "needs quotes"),
        ("skills: [cut]", "skills: [cutt]", 17, "specialists[0].skills[0]", "did you mean `cut`?"),
        ("skills: [cut]", "skills: []", 17, "specialists[0].skills", "must not be empty"),
        ("skills: [cut]", "skills: [cut]\n    time_off: [2026-13-01]", 18, "specialists[0].time_off[0]", "not a date"),
        ("mon-fri:", "mon-fry:", 9, "hours.mon-fry", "`fry` is not a day"),
        ("mon-fri: 10:00-21:00", "mon-fri: 10:00-9:00", 9, "hours.mon-fri", "ends before it starts"),
        ("mon-fri: 10:00-21:00", "mon-fri: 10-14, 13-18", 9, "hours.mon-fri", "overlap"),
        ("mon-fri: 10:00-21:00", "mon-fri: 25:00-26:00", 9, "hours.mon-fri", "not a time of day"),
        ("mon-fri: 10:00-21:00", "mon-fri: 10-21\n  fri: 10-18", 8, "hours", "fri is given twice"),
        ("Asia/Yekaterinburg", "Asia/Yekaterinberg", 3, "zone", "did you mean `Asia/Yekaterinburg`?"),
        ("country: RU", "country: RUS", 4, "country", "not a country code"),
        ("currency: RUB", "currency: RUR B", 7, "currency", "not a currency code"),
        ("languages: [ru, en]", "languages: [ru, xx]", 6, "languages[1]", "not a language code"),
        ("slug: primer", "slug: primer\nphone: +7 351", 2, "phone", "not a phone number of RU"),
        ("slug: primer", "slug: primer\nholidays: XX", 2, "holidays", "public holidays are known"),
        ("slug: primer\n", "slug: primer\nslug: primer\n", 2, "slug", "is given twice (first in line 1)"),
        (
            "slug: primer\n",
            "slug: primer\nbooking: {slot_step_min: soon}\n",
            2,
            "booking.slot_step_min",
            "not a duration",
        ),
        ("slug: primer\n", "slug: primer\nbooking: {horizon_days: ten}\n", 2, "booking.horizon_days", "whole number"),
        ("slug: primer\n", "slug: primer\nservises: []\n", 2, "servises", "did you mean `services`?"),
        ("- key: cut", "- key: anna", 17, "specialists[0].skills[0]", "not the key of a service"),
    ],
)
def test_a_mistake_names_line_and_field(
    tmp_path: Path, before: str, after: str, line: int, field: str, problem: str
) -> None:
    """One wrong thing is one problem at its own line and field."""
    assert before in SMALL

    found = only_problem(tmp_path, SMALL.replace(before, after, 1))

    assert found[:2] == (line, field)
    assert problem in found[2]


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Mistakes of shape, of spelling and between parts are all reported together, in the order of lines."""
    text = SMALL.replace("RUB", "RUBLE").replace("duration: 60", "duration: long").replace("[cut]", "[cat]")

    assert [(problem.line, problem.field) for problem in problems(tmp_path, text)] == [
        (7, "currency"),
        (13, "services[0].duration"),
        (17, "specialists[0].skills[0]"),
    ]


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    """A problem is printed as file, line, field and what is wrong."""
    path = tmp_path / "salon.yaml"

    (problem,) = problems(tmp_path, SMALL.replace("duration: 60", "duration: long"))

    assert str(problem) == (
        f"{path}:13: services[0].duration: `long` is not a duration; write `90 min`, `1h30` or `2h`"
    )


CHANNELS = """\
channels:
  - {key: web, type: webchat, name: Сайт, site_key: demo, origins: ["https://salon.example"]}
  - {key: tg, type: telegram, name: Telegram, token_env: TELEGRAM_BOT_TOKEN}
"""


def test_channels_are_read_by_type(tmp_path: Path) -> None:
    """Each type of channel has fields of its own; that their variables are unset is no mistake."""
    file = read(tmp_path, SMALL + CHANNELS)

    assert isinstance(file.channels[0], WebchatChannel)
    assert file.channels[0].origins == ("https://salon.example",)


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "problem"),
    [
        ("type: telegram", "type: telegramm", 20, "channels[1].type", "did you mean `telegram`?"),
        ("type: telegram, ", "", 20, "channels[1].type", "is missing"),
        ("site_key: demo", "site_kay: demo", 19, "channels[0].site_kay", "did you mean `site_key`?"),
        ("https://salon.example", "https://salon.example/chat", 19, "channels[0].origins[0]", "without a path"),
        ("key: tg", "key: web", 20, "channels[1].key", "already used by channels[0]"),
    ],
)
def test_mistakes_in_channels(tmp_path: Path, before: str, after: str, line: int, field: str, problem: str) -> None:
    """A mistake in a channel is found by the rules of its type."""
    found = problems(tmp_path, SMALL + CHANNELS.replace(before, after, 1))[0]

    assert (found.line, found.field) == (line, field)
    assert problem in found.problem


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """A token where the name of a variable belongs is a mistake whose message does not hold the token."""
    line, field, problem = only_problem(tmp_path, SMALL + CHANNELS.replace("TELEGRAM_BOT_TOKEN", "'123:abc-secret'"))

    assert (line, field) == (20, "channels[1].token_env")
    assert "environment variable" in problem
    assert "secret" not in problem.replace("the secret itself", "")


def test_texts_are_held_against_the_phrases_of_the_bot(tmp_path: Path) -> None:
    """A text for a phrase that the bot does not have is a mistake."""
    text = SMALL + "texts:\n  greting: Здравствуйте!\n"

    found = only_problem(tmp_path, text, phrases={"greeting", "goodbye"})

    assert found == (19, "texts.greting", "is not a phrase of the bot (did you mean `greeting`?)")


def test_options_of_a_crm(tmp_path: Path) -> None:
    """What a connector takes besides its secrets is checked like every other field."""
    text = SMALL + (
        "crm:\n  - {key: b24, type: bitrix24, url_env: B24_URL,\n"
        "     options: {assigned_by_id: 7, own_fields: false, source_id: WEB}}\n"
    )

    file = read(tmp_path, text)

    assert isinstance(file.crm[0], Bitrix24Crm)
    assert file.crm[0].options == Bitrix24Options(assigned_by_id=7, own_fields=False, source_id="WEB")
    wrong = only_problem(tmp_path, text.replace("id: 7", "id: Vera"))
    assert wrong == (20, "crm[0].options.assigned_by_id", "must be a whole number")


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        (b"", 0, "is empty"),
        (b"# nothing but a comment\n", 0, "is empty"),
        (b"- a\n- b\n", 1, "must be a mapping of fields"),
        (b"slug: a\nname: \xcf\xf0\xe8\xe2\xe5\xf2\n", 2, "not UTF-8"),
        (b"slug: a\nhours:\n\tmon: 10:00-21:00\n", 3, "a tab"),
        (b"slug: a\nname: one: two\n", 2, "in quotes"),
        (b"slug: a\n---\nslug: b\n", 2, "second document"),
        (b"slug: a\nname: \x07\n", 2, "may not stand in a text file"),
        (b"slug: a\nname: 'open\n", 3, "not valid YAML"),
    ],
)
def test_what_is_no_usable_yaml(tmp_path: Path, raw: bytes, line: int, problem: str) -> None:
    """A file that cannot be read as data is one problem at the place where reading stopped."""
    found = problems(tmp_path, raw)[0]

    assert (found.line, found.field) == (line, "")
    assert problem in found.problem


def test_a_missing_file_is_a_mistake_like_others(tmp_path: Path) -> None:
    """A path that leads nowhere is reported in the same form."""
    with pytest.raises(BadFile, match=r"nowhere\.yaml: there is no such file$"):
        read_salon_file(tmp_path / "nowhere.yaml")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Files saved by Windows editors are read."""
    assert read(tmp_path, b"\xef\xbb\xbf" + SMALL.encode()).slug == "primer"


def test_anchors_are_followed(tmp_path: Path) -> None:
    """Hours written once can be used again under another name."""
    text = SMALL.replace("  mon-fri: 10:00-21:00", "  mon: &usual 10:00-21:00\n  tue: *usual")

    assert read(tmp_path, text).hours == {"mon": ("10:00-21:00",), "tue": ("10:00-21:00",)}


def test_an_alias_inside_itself_is_a_mistake(tmp_path: Path) -> None:
    """A file that contains itself does not hang the reader."""
    found = problems(tmp_path, "slug: &a [*a]\n")

    assert any("contains itself" in problem.problem for problem in found)


def test_aliases_cannot_blow_a_file_up(tmp_path: Path) -> None:
    """A few lines that stand for a thousand million values are refused in little time."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert any("aliases are followed" in problem.problem for problem in problems(tmp_path, "\n".join(lines)))


def test_python_objects_are_never_made(tmp_path: Path) -> None:
    """YAML tags have no effect: the file is data only."""
    text = SMALL.replace("name: Анна", "name: !!python/object/apply:os.system [echo]")

    assert only_problem(tmp_path, text)[1] == "specialists[0].name"


def test_the_factory_is_a_right_file(tmp_path: Path) -> None:
    """The salon that other tests import is one that could be written to a file and read."""
    text = yaml.safe_dump(salon_data(), allow_unicode=True)

    assert read(tmp_path, text).slug == "primer"


TARGETS = """\
channels:
  - {key: web, type: webchat, name: Сайт, site_key: demo, origins: ["https://salon.example"]}
targets:
  - {measure: human_wait_s, within: 3 min, channel: webchat, priority: vip, warn: 50%, alert: true}
  - {measure: booking_confirmed_s, within: 30 min}
escalation:
  - {to: administrator, times: 2}
  - {to: owner, times: 4.5}
alerts:
  - {key: desk, url_env: ALERT_DESK, for: [breach, crm], roles: [operator], quiet: "22:00-8:00"}
"""


def test_targets_and_alerts_are_read(tmp_path: Path) -> None:
    """What a salon is held to, who hears of misses and where alerts go are all in the file, and survive storing."""
    file = read(tmp_path, SMALL + TARGETS)

    assert (file.targets[0].warn, file.targets[0].alert) == (0.5, True)
    assert [(rung.to, rung.times) for rung in file.escalation] == [("administrator", 2.0), ("owner", 4.5)]
    assert (file.alerts[0].kinds, file.alerts[0].quiet) == (("breach", "crm"), "22:00-8:00")
    assert SalonFile.model_validate(file.stored()) == file


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "problem"),
    [
        ("within: 3 min", "within: -3", 21, "targets[0].within", "not a duration"),
        ("within: 3 min", "within: 0", 21, "targets[0].within", "must be more than 0"),
        ("channel: webchat", "channel: webchta", 21, "targets[0].channel", "did you mean `webchat`?"),
        ("priority: vip", "priority: vipp", 21, "targets[0].priority", "did you mean `vip`?"),
        ("measure: human_wait_s", "measure: human_wait", 21, "targets[0].measure", "did you mean `human_wait_s`?"),
        ("warn: 50%", "warn: 100%", 21, "targets[0].warn", "less than 100 %"),
        ("measure: booking_confirmed_s, within: 30 min", "measure: human_wait_s, within: 1 min, channel: webchat, "
         "priority: vip", 22, "targets[1].measure", "same enquiries as targets[0]"),
        ("times: 4.5", "times: 2", 25, "escalation[1].times", "must be more than the 2"),
        ("times: 4.5", "times: 0.5", 25, "escalation[1].times", "must be"),
        ("times: 4.5", "times: soon", 25, "escalation[1].times", "must be a number"),
        ("to: owner", "to: administrator", 25, "escalation[1].to", "told already by escalation[0]"),
        ("to: owner", "to: boss", 25, "escalation[1].to", "not one of operator, administrator, owner"),
        ("url_env: ALERT_DESK", "url_env: tgram://1:t/-1", 27, "alerts[0].url_env", "name of an environment variable"),
        ("for: [breach, crm]", "for: [breech]", 27, "alerts[0].for[0]", "did you mean `breach`?"),
        ("22:00-8:00", "8 to 10", 27, "alerts[0].quiet", "not a time of quiet"),
        ("22:00-8:00", "22:00-22:00", 27, "alerts[0].quiet", "begins and ends at one time"),
    ],
)  # fmt: skip
def test_mistakes_in_targets_and_alerts(
    tmp_path: Path, before: str, after: str, line: int, field: str, problem: str
) -> None:
    """A target, ladder or destination that cannot be meant is one problem at its own line and field."""
    assert before in TARGETS

    found = problems(tmp_path, SMALL + TARGETS.replace(before, after, 1))[0]

    assert (found.line, found.field) == (line, field)
    assert problem in found.problem

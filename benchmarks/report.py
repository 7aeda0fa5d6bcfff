"""The figures of a run as tables, and the ratios that the goals are stated in."""

from __future__ import annotations

Figures = dict[str, float]
Medians = dict[str, dict[str, Figures]]  # program -> scenario -> figure

COLUMNS = (
    ("msg/s", "per_second", "{:.0f}"),
    ("CPU ms/msg", "cpu_ms", "{:.2f}"),
    ("PostgreSQL ms/msg", "postgres_cpu_ms", "{:.2f}"),
    ("p50 ms", "p50_ms", "{:.1f}"),
    ("p99 ms", "p99_ms", "{:.1f}"),
    ("ack p50 ms", "ack_p50_ms", "{:.1f}"),
    ("generator busy", "generator_share", "{:.0%}"),
    ("RSS MB", "rss_mb", "{:.0f}"),
    ("lost", "lost", "{:.0f}"),
)


PARTS = tuple(f"{part}, {by}" for part in ("process", "stages", "turns") for by in ("rules", "LLM"))


def print_report(medians: Medians, *, scenarios: list[str]) -> None:
    for scenario in scenarios:
        rows = {name: figures[scenario] for name, figures in medians.items() if scenario in figures}
        print(f"\n{scenario}\n")
        _table(("program", *(title for title, _, _ in COLUMNS)), [_row(name, row) for name, row in rows.items()])
    for name, figures in medians.items():
        for part in PARTS:
            if part in figures:
                values = ", ".join(f"{key.replace('_', ' ')} {value:.2f}" for key, value in figures[part].items())
                print(f"\n{name}, {part}: {values}")
    if "ours" in medians and "floor" in medians:
        print("\nRatios\n")
        _table(("what", "reached", "goal"), _ratios(medians["ours"], medians["floor"]))


def _ratios(ours: dict[str, Figures], floor: dict[str, Figures]) -> list[list[str]]:
    rows: list[list[str]] = []
    for scenario in ("LLM 0 ms, 50 chats", "rules, 50 chats"):
        if scenario in ours and scenario in floor:
            share = ours[scenario]["per_second"] / floor[scenario]["per_second"]
            rows.append([f"msg/s against the floor, {scenario}", f"{share:.2f}", ">= 0.30"])
    if "process, rules" in floor and "rules, 1 chat" in ours:
        share = floor["process, rules"]["bare_ack_p50_ms"] / ours["rules, 1 chat"]["ack_p50_ms"]
        rows.append(["acknowledgement against a bare route with one commit", f"{share:.2f}", ">= 0.70"])
        rows.append(["p99 webhook to accepted, 1 chat", f"{ours['rules, 1 chat']['p99_ms']:.1f} ms", "< 50 ms"])
    if "rules, 50 chats" in ours and "rules, 200 chats" in ours:
        share = ours["rules, 200 chats"]["per_second"] / ours["rules, 50 chats"]["per_second"]
        rows.append(["msg/s at 200 chats against 50", f"{share:.2f}", ">= 0.75"])
    if slow := ours.get("LLM 300 ms, 50 chats"):
        rows.append(["share of the ideal msg/s, LLM 300 ms", f"{slow['per_second'] / (50 / 0.3):.2f}", ">= 0.95"])
        rows.append(
            ["p50 / p99 against the delay", f"{slow['p50_ms'] / 300:.2f} / {slow['p99_ms'] / 300:.2f}", "1.06 / 1.35"]
        )
    for scenario, goal in (("rules, 50 chats", "<= 3 ms"), ("LLM 0 ms, 50 chats", "<= 5 ms")):
        if scenario in ours:
            rows.append([f"CPU a turn, {scenario}", f"{ours[scenario]['cpu_ms']:.2f} ms", goal])
    return rows


def _row(name: str, figures: Figures) -> list[str]:
    return [name, *(form.format(figures[key]) if key in figures else "" for _, key, form in COLUMNS)]


def _table(head: tuple[str, ...], rows: list[list[str]]) -> None:
    widths = [max(len(line[column]) for line in [list(head), *rows]) for column in range(len(head))]
    for line in (list(head), ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")

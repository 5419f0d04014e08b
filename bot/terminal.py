"""Shows answers, cards and reports in a terminal: the verdict first, conditions as a checklist, quotes with clause and
link. Everything from outside is printed as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.model import Answer, Citation, Statement, Verdict
from knowledge.models import DocumentKind

if TYPE_CHECKING:
    from bot.audit.log import DecisionLine
    from bot.audit.replay import Change
    from bot.card import Card, CardLine, Difference
    from bot.evaluation import Result, Scores
    from bot.trial import Trial
    from ingestion.pipeline import IngestReport

_HEADLINES = {
    Verdict.ALLOWED: ("ALLOWED", "bold white on green"),
    Verdict.CONDITIONAL: ("ALLOWED ON CONDITIONS", "bold black on yellow"),
    Verdict.PROHIBITED: ("PROHIBITED", "bold white on red"),
    Verdict.NEEDS_REVIEW: ("NEEDS LEGAL REVIEW", "bold white on blue"),
    Verdict.UNKNOWN: ("NOT DECIDED", "bold white on bright_black"),
}
_PARTS = {
    DocumentKind.LICENSE: "licence",
    DocumentKind.ACCEPTABLE_USE_POLICY: "acceptable use policy",
    DocumentKind.NOTICE: "notice",
    DocumentKind.GUIDANCE: "guidance",
    DocumentKind.POLICY: "policy",
}


def show_answer(answer: Answer, console: Console) -> None:
    """Print an answer."""
    word, style = _HEADLINES[answer.verdict]
    console.print(Text(f" {word} ", style=style))
    for told in _company(answer):
        console.print(Text(told, style="bold"))
    console.print(Text(answer.summary), soft_wrap=False)
    for subject in answer.subjects:
        names = ", ".join(ref.name for ref in subject.licenses) or "no known licence"
        line = Text.assemble(("  ", ""), (subject.name, "bold"), f" · {names}")
        if subject.inherited_from:
            line.append(f" · built on {', '.join(subject.inherited_from)}", style="dim")
        console.print(line)
    _statements(console, "You may", "✓", answer.permissions)
    _statements(console, "You must", "☐", answer.conditions)
    _statements(console, "You may not", "✗", answer.prohibitions)
    _statements(console, "For a lawyer", "?", answer.unclear)
    _statements(console, "Also", "·", answer.notes)
    _statements(console, "Company policy", "§", answer.policy.statements if answer.policy else ())
    _statements(console, "Counted in from the company policy", "=", answer.policy.facts if answer.policy else ())
    if answer.alternatives:
        console.print(Text("\nWithout this problem", style="bold"))
        for other in answer.alternatives:
            word = _HEADLINES[other.verdict][0].lower()
            console.print(_hanging("→", Text(f"{other.name} · {other.license_name} · {word}")))
    if answer.open_questions:
        console.print(Text("\nOpen questions", style="bold"))
        for question in answer.open_questions:
            console.print(_hanging("?", Text(question)))
    if answer.citations:
        console.print(Text("\nClauses", style="bold"))
        for number, citation in enumerate(answer.citations, start=1):
            console.print(_quoted(number, citation))
    if answer.guidance:
        console.print(Text("\nGuidance (not licence text)", style="bold"))
        for piece in answer.guidance:
            body = Text.assemble((piece.title, "bold"), f": {piece.text} ", (f"[{piece.source}]", "dim"))
            console.print(_hanging("i", body))
    console.print(
        Text(
            f"\nNot legal advice. Decision {answer.decision_id}, knowledge {answer.knowledge_version}, "
            f"{answer.elapsed_ms:.0f} ms, confidence {answer.confidence:.2f}, written by {answer.written_by}.",
            style="dim",
        )
    )


def _company(answer: Answer) -> Iterator[str]:
    """Say what the company decided before, and what licence and policy come to, each for itself."""
    words = {verdict: word.lower() for verdict, (word, _) in _HEADLINES.items()}
    if answer.precedent is not None:
        alone = words[answer.precedent.license_verdict]
        yield f"Company precedent of {answer.precedent.on}; the licence alone: {alone}."
    if answer.policy is not None:
        policy = answer.policy
        ours = words[policy.verdict] if policy.statements else "no rule speaks of this"
        bought = (
            f" ({words[policy.relieved_verdict]} with the licence that was bought)"
            if policy.relieved_verdict is not policy.license_verdict
            else ""
        )
        yield f"Licence: {words[policy.license_verdict]}{bought} · Company policy: {ours}"


def _statements(console: Console, title: str, mark: str, statements: Sequence[Statement | CardLine]) -> None:
    if not statements:
        return
    console.print(Text(f"\n{title}", style="bold"))
    for statement in statements:
        refs = "".join(f"[{c + 1}]" for c in statement.citations)
        console.print(_hanging(mark, Text.assemble(statement.text, (f" {refs}", "cyan"))))


def _hanging(mark: str, text: Text) -> Table:
    """A line with a mark, whose later lines are indented under its text."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=3, justify="right", no_wrap=True)
    grid.add_column()
    grid.add_row(mark, text)
    return grid


def _quoted(number: int, citation: Citation) -> Padding:
    clause = f" {citation.clause}" if citation.clause else ""
    heading = f" “{citation.heading}”" if citation.heading and citation.heading not in citation.clause else ""
    where = f"{citation.license}, {_PARTS[citation.document]}{clause}"
    if citation.document is DocumentKind.POLICY:
        where, heading = f"company policy, {citation.heading}{clause}", ""
    head = Text.assemble((f"[{number}] ", "cyan"), (where, "bold"), heading)
    if citation.quote is None:
        body = Text("the text is not on this machine, so the clause is named but not quoted", style="italic dim")
    else:
        body = Text(f"“{' '.join(citation.quote.split())}”")
    parts: list[Text | Padding] = [head, Padding(body, (0, 0, 0, 4))]
    if citation.source_url:
        parts.append(Padding(Text(citation.source_url, style=f"dim link {citation.source_url}"), (0, 0, 0, 4)))
    return Padding(Group(*parts), (0, 0, 0, 2))


def show_card(card: Card, console: Console) -> None:
    """Print the card of a licence or of what it governs."""
    console.print(Text.assemble((card.name, "bold"), f" ({card.kind})"))
    for record in card.records:
        profile = record.profile
        facts = [profile.publisher, profile.version, profile.spdx and f"SPDX {profile.spdx}"]
        console.print(Text(f"  {profile.name} · {' · '.join(filter(None, facts))}"))
        if profile.url:
            console.print(Text(f"  {profile.url}", style="dim"))
        if not record.curated:
            console.print(
                Text(
                    "  No reviewed terms yet: questions about it go to a lawyer, with the clauses quoted.",
                    style="italic",
                )
            )
        if record.missing:
            console.print(Text(f"  Not on this machine: {', '.join(record.missing)}", style="italic"))
    for remark in card.remarks:
        console.print(Text(f"  {remark}", style="italic"))
    for section, title, mark in (
        ("permissions", "It allows", "✓"), ("conditions", "It demands", "☐"),
        ("prohibitions", "It forbids", "✗"), ("limitations", "Also", "·"),
    ):  # fmt: skip
        _statements(console, title, mark, card.section(section))
    if card.citations:
        console.print(Text("\nClauses", style="bold"))
        for number, citation in enumerate(card.citations, start=1):
            console.print(_quoted(number, citation))


def show_differences(one: Card, other: Card, differences: Iterable[Difference], console: Console) -> None:
    """Print two cards side by side where they differ."""
    table = Table(title=f"{one.name} and {other.name}: where they differ", show_lines=True, title_justify="left")
    table.add_column("term", max_width=22)
    table.add_column(one.name)
    table.add_column(other.name)
    reworded = []
    for difference in differences:
        if difference.kind == "wording":
            reworded.append(difference.term)
        else:
            table.add_row(difference.term, _side(difference.one, one), _side(difference.other, other))
    console.print(table)
    if reworded:
        console.print(Text(f"Worded differently, but to the same effect: {', '.join(reworded)}."))


def _side(line: CardLine | None, card: Card) -> Text:
    if line is None:
        return Text("– nothing of the kind –", style="dim")
    clauses = ", ".join(card.citations[c].clause or _PARTS[card.citations[c].document] for c in line.citations)
    return Text.assemble(line.text, (f" ({clauses})", "cyan"))


def show_report(report: IngestReport, console: Console) -> None:
    """Print what an ingestion did."""
    console.print(
        Text(
            f"Knowledge {report.version}: {len(report.added)} texts added, {len(report.changed)} changed, "
            f"{report.unchanged} unchanged, {report.embedded} passages embedded, {len(report.failed)} failed."
        )
    )
    for key in report.changed:
        console.print(Text(f"  changed: {key}"))
    reasons: dict[str, list[str]] = {}
    for failed in report.failed:
        reasons.setdefault(failed.reason, []).append(failed.key)
    for reason, keys in reasons.items():
        shown = ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
        console.print(Text(f"  failed: {shown}: {reason}", style="yellow"))


def show_decisions(lines: Sequence[DecisionLine], console: Console) -> None:
    """Print decisions, newest first."""
    if not lines:
        console.print(Text("No decision matches."))
        return
    for line in lines:
        word, style = _HEADLINES[Verdict(line.verdict)]
        head = Text.assemble(
            (f"{line.created_at:%Y-%m-%d %H:%M} UTC  ", "dim"), (line.id, "bold"), "  ", (f" {word} ", style),
            f"  {', '.join(line.subjects) or 'no subject'}", (f"  {line.asker}", "dim"),
        )  # fmt: skip
        console.print(head)
        question = " ".join(line.question.split())
        console.print(Padding(Text(question[:300] + ("…" if len(question) > 300 else "")), (0, 0, 0, 4)))


def show_changes(changes: Sequence[Change], seen: int, erased: int, console: Console) -> None:
    """Print how today's answers differ from those that were given."""
    gone = f", {erased} left out (erased)" if erased else ""
    console.print(Text(f"{seen} questions put again{gone}: {len(changes)} would be answered differently."))
    for change in changes:
        verdict = change.was if change.was == change.now else f"{change.was} → {change.now}"
        console.print(Text.assemble((change.decision_id, "bold"), f"  {verdict}"))
        console.print(Padding(Text(" ".join(change.question.split())[:300]), (0, 0, 0, 4)))
        for mark, clauses in (("+", change.new_clauses), ("−", change.gone_clauses), ("≠", change.changed_texts)):
            for clause in clauses:
                console.print(Padding(Text(f"{mark} {clause}"), (0, 0, 0, 6)))


def show_trial(found: Trial, console: Console) -> None:
    """Print what another policy would have changed."""
    gone = f", {found.erased} left out (erased)" if found.erased else ""
    console.print(Text(f"{found.tried} decisions tried{gone}: {len(found.changes)} would come out differently."))
    for change in found.changes:
        told = change.to_json()
        verdict = told["was"] if told["was"] == told["now"] else f"{told['was']} → {told['now']}"
        console.print(Text.assemble((told["decision_id"], "bold"), f"  {told['on']}  {verdict}"))
        console.print(Padding(Text(" ".join(told["question"].split())[:300]), (0, 0, 0, 4)))
        if not (told["new_rules"] or told["gone_rules"]):
            console.print(Padding(Text("≠ facts of the company, or a licence that was bought"), (0, 0, 0, 6)))
        for mark, rules in (("+", told["new_rules"]), ("−", told["gone_rules"])):
            for rule in rules:
                console.print(Padding(Text(f"{mark} rule {rule}"), (0, 0, 0, 6)))


def show_scores(scores: Scores, results: Sequence[Result], console: Console) -> None:
    """Print the figures of an evaluation, and the questions that were not met in full."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in (
        ("questions", scores.questions),
        ("verdict right", scores.verdict),
        ("dangerous (permits what is barred or for a lawyer)", scores.dangerous),
        ("lax (allowed where conditions are owed)", scores.lax),
        ("left undecided where it has to be", scores.abstain),
        ("citation recall", scores.recall),
        ("citation precision", scores.precision),
        ("quotes verbatim", scores.verbatim),
        ("mentions", scores.mention),
        ("false statements", scores.false_statements),
    ):
        table.add_row(Text(name), Text(str(value), style="bold"))
    console.print(table)
    for title, parts in (("By verdict", scores.by_verdict), ("By family", scores.by_family)):
        console.print(Text(f"\n{title}", style="bold"))
        for name, ratio in parts.items():
            console.print(Text(f"  {name:<14} {ratio}"))
    missed = [r for r in results if not r.complete]
    if missed:
        console.print(Text(f"\nNot met in full ({len(missed)})", style="bold"))
    for result in missed:
        gold = result.gold
        wrong = f"{result.verdict.value} instead of {' or '.join(v.value for v in gold.verdicts)}"
        parts_missed = [
            *([wrong] if not result.right else []),
            *([f"clauses {result.found}/{len(gold.must_cite)}"] if result.found < len(gold.must_cite) else []),
            *(
                [f"mentions {result.mentioned}/{len(gold.must_mention)}"]
                if result.mentioned < len(gold.must_mention)
                else []
            ),
            *(["a false statement"] if result.false_statement else []),
        ]
        console.print(Text(f"  {gold.id}  {'; '.join(parts_missed)}  {gold.question.text[:90]!r}"), soft_wrap=True)

"""What an examination found, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, join, mrkdwn


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        fix: what to do; empty if all is well.
    """

    name: str
    how_it_is: str
    fix: str = ""


def findings(found: Sequence[Finding]) -> Message:
    """What needs mending first, each with its fix, then what is well."""
    wrong = [each for each in found if each.fix]
    well = [each for each in found if not each.fix]
    head = mrkdwn("{count} to look at.", count=len(wrong)) if wrong else mrkdwn("All is well.")
    shown = [
        mrkdwn("*Examination* {head}", head=head),
        *(mrkdwn(":warning: {said}\n{fix}", said=_said(each), fix=each.fix) for each in wrong),
        join("\n", [mrkdwn(":white_check_mark: {said}", said=_said(each)) for each in well]),
    ]
    words = join(" ", [mrkdwn("{name}: {how}.", name=each.name, how=each.how_it_is) for each in found])
    text = mrkdwn("Examination: {head} {words}", head=head, words=words)
    return blocks.message(text, [blocks.section(part) for part in shown if part][: blocks.BLOCKS_IN_MESSAGE])


def printed(found: Sequence[Finding]) -> str:
    """The same for a terminal."""
    wrong = [f"[!!] {each.name}: {each.how_it_is}\n     {each.fix}" for each in found if each.fix]
    well = [f"[ok] {each.name}: {each.how_it_is}" for each in found if not each.fix]
    head = f"{len(wrong)} to look at." if wrong else "All is well."
    return "\n".join([f"Examination: {head}", *wrong, *well])


def _said(finding: Finding) -> Mrkdwn:
    return mrkdwn("*{name}*: {how}", name=finding.name, how=finding.how_it_is)

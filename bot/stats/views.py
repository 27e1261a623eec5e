"""Numbers about incidents as messages: for whoever asked, and for a channel."""

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, channel, mrkdwn
from bot.stats import words
from bot.stats.lines import Wanted
from domain.stats import Numbers

PICTURE, POST = "stats.picture", "stats.post"


def answer(numbers: Numbers, wanted: Wanted, *, can_post: bool) -> Message:
    """The numbers of what the reader may see."""
    if words.is_nothing(numbers):
        return _said(mrkdwn("{quiet} Nothing is open, either.", quiet=words.quiet(wanted)))
    head, parts = words.headline(numbers, wanted), words.sections(numbers, wanted)
    told = [blocks.section(mrkdwn("*{title}*\n{lines}", title=title, lines="\n".join(lines))) for title, lines in parts]
    whole = " ".join(f"{title}: {'; '.join(lines)}." for title, lines in parts)
    note = mrkdwn("Only what you can see is counted. Weeks begin on Monday, as in {zone}.", zone=numbers.period.zone)
    buttons = [blocks.button("Picture", PICTURE, value=wanted.line)]
    if can_post:
        buttons.append(blocks.button("Post here", POST, value=wanted.line))
    return blocks.message(
        mrkdwn("The last {days}: {head} {whole}", days=words.days(wanted), head=head, whole=whole),
        [
            blocks.section(mrkdwn("*The last {days}*\n{head}", days=words.days(wanted), head=head)),
            *told,
            blocks.context(note),
            blocks.actions(*buttons),
        ],
    )


def comment(numbers: Numbers, wanted: Wanted, *, by: str = "") -> Mrkdwn:
    """What stands above the picture; ``by`` posted it for a channel."""
    told = mrkdwn("last {days}: {head}", days=words.days(wanted), head=words.headline(numbers, wanted))
    if not by:
        return mrkdwn("The {told}", told=told)
    return mrkdwn("{who} posted: the {told} Only what everybody here may see is counted.", who=by, told=told)


def on_its_way() -> Message:
    """The click was taken; the picture follows."""
    return _said(Mrkdwn("The picture is being drawn. You get it by direct message in a moment."))


def nothing_to_draw(wanted: Wanted) -> Message:
    """Told to whoever wanted a picture of nothing."""
    return _said(
        mrkdwn("There is no picture to draw any more: {quiet} Nothing is open, either.", quiet=words.quiet(wanted))
    )


def nothing_to_post(channel_id: str) -> Message:
    """Told to whoever wanted numbers posted of which others may see nothing."""
    return _said(
        mrkdwn(
            "Your numbers were not posted: not everybody in {where} may see what is in them.", where=channel(channel_id)
        )
    )


def not_posted(channel_id: str) -> Message:
    """Told to whoever wanted numbers posted where the bot cannot post."""
    return _said(
        mrkdwn(
            "Your numbers were not posted: I cannot post in {where}. Invite me there with `/invite @Incident Tracker`.",
            where=channel(channel_id),
        )
    )


def _said(text: Mrkdwn) -> Message:
    return blocks.words(text)

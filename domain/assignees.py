"""To whom an incident can be assigned."""

from sqlalchemy.ext.asyncio import AsyncSession

from domain import policy, signup, users
from domain.errors import InvalidInput
from domain.policy import Action, Actor, Standing


async def assignable(session: AsyncSession, slack_user_id: str | None, *, by: Actor) -> Actor | None:
    """The member to whom an incident can be assigned; no id, nobody.

    Raises:
        Forbidden: ``by`` may not assign.
        InvalidInput: on the field ``assignee``: a guest, an app, somebody deactivated, external or unknown.
    """
    if slack_user_id is None:
        return None
    policy.require(by, Action.ASSIGN)
    person = await users.find(session, by.workspace_id, slack_user_id)
    if person is None:
        raise InvalidInput("Not saved: nobody here knows this assignee. Choose somebody else.", field="assignee")
    profile, account = person
    reason = _unfit(profile, account)
    if reason:
        raise InvalidInput(f"Not saved: {profile.name} {reason}. Choose an active member.", field="assignee")
    if account is None:
        account = await signup.join(session, by.workspace_id, profile)
    if not account.is_member:
        raise InvalidInput(f"Not saved: {profile.name} has no account here. Ask a superuser.", field="assignee")
    return account


def _unfit(profile: users.Profile, account: Actor | None) -> str:
    if profile.is_deactivated or (account is not None and not account.is_active):
        return "is deactivated"
    nouns = {Standing.GUEST: "is a guest", Standing.EXTERNAL: "is from another organisation", Standing.BOT: "is an app"}
    return nouns.get(profile.standing, "")

"""JupyterHub asks for a password: the demo's log-in. Needs the packages of the `hub` extra."""

import asyncio
from pathlib import Path

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from course_utils.classroom import hub_accounts


class PasswordFile(Authenticator):
    """Users of one file, which `hub_accounts.save` wrote. Nobody signs up, nobody changes it."""

    passwords = Unicode(help="the file's path", config=True)

    async def authenticate(self, handler, data: dict) -> str | None:
        """The user's name if the password is theirs, else None."""
        kept = hub_accounts.load(Path(self.passwords)).get(data["username"])
        # In a thread: it takes 50 ms, and the hub serves everybody from one loop.
        right = await asyncio.to_thread(hub_accounts.fits, data["password"], kept)
        return data["username"] if right else None

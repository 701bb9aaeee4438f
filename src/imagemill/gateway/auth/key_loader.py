"""Asks PostgreSQL which keys there are, for all who come at the same moment.

While it answers, those who come are gathered, and the next statement asks for all of them: so a
thousand clients that connect at once, as after a restart, cost a few statements and leave the
connections to uploads. Nothing is remembered: what a request is told was asked after it came.
"""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

from imagemill.auth.api_key import KeyLookup
from imagemill.auth.api_keys import ApiKeys
from imagemill.jobs.job import KeyId
from imagemill.postgres.pool import DatabaseUnavailable

# Statements under way at once: should one meet a connection that is dead, others go on.
TURNS: Final = 3
PATIENCE_SECONDS: Final = 15.0

Question = asyncio.Future[KeyLookup]


@dataclass(slots=True)
class ApiKeyLoader:
    """Looks up keys for requests."""

    keys: ApiKeys
    _questions: dict[Question, KeyId | None] = field(default_factory=dict)
    _turns: int = TURNS
    _asking: set[asyncio.Task[None]] = field(default_factory=set)

    async def look_up(self, key_id: KeyId | None) -> KeyLookup:
        """Return what the table says of this key, or of none. Raises DatabaseUnavailable."""
        question: Question = asyncio.get_running_loop().create_future()
        self._questions[question] = key_id
        if self._turns:
            self._turns -= 1
            # In a context of its own: what is logged there is not of the request that came first.
            asking = asyncio.create_task(self._ask(), context=Context())
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await question
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL does not say which keys there are.") from error
        finally:
            self._questions.pop(question, None)

    async def _ask(self) -> None:
        try:
            while self._questions:
                questions, self._questions = self._questions, {}
                await self._answer(questions)
        finally:
            self._turns += 1

    async def _answer(self, questions: Mapping[Question, KeyId | None]) -> None:
        try:
            found = await self.keys.look_up({key_id for key_id in questions.values() if key_id})
        except Exception as error:  # noqa: BLE001 - raised to each who asked
            for question in questions:
                if not question.done():
                    question.set_exception(error)
            return
        for question, key_id in questions.items():
            if not question.done():
                question.set_result(found[key_id])

"""Calls that no plan holds, asked one by one as they turn out to be needed, and journaled like any other."""

from __future__ import annotations

from collections.abc import Sequence

from .brakes import Brakes
from .errors import ResultsError
from .frames import Message
from .journal import Journal, Record, final_records
from .pacing import Halted
from .replay import Stops, Watcher, Writer, asked, asking
from .replies import Endpoint
from .systems import System


class Asker(Stops):
    """Asks a system, and keeps each answer in a journal before it is used; an answer that is there is not paid again.

    `brakes` carry the budget, with what was spent of it before. Failures are kept and asked again the next time.
    """

    def __init__(
        self,
        system: System,
        endpoint: Endpoint,
        journal: Journal,
        brakes: Brakes,
        *,
        concurrency: int = 0,
        watch: Watcher = lambda record: None,
    ) -> None:
        super().__init__(brakes)
        self._endpoint = endpoint
        self._watch = watch
        self._known = final_records(journal.path)
        for record in self._known.values():
            if record.reply is not None:
                brakes.paid(record.reply.cost)
        self._writer = Writer(journal)
        self._tries = asking(system, endpoint, concurrency or system.concurrency, self)
        self.broken: ResultsError | None = None

    async def __call__(self, call_id: str, messages: Sequence[Message]) -> Record:
        """What became of the call of this id. Raises Halted where it was not begun."""
        known = self._known.get(call_id)
        if known is not None and known.reply is not None:
            return known
        if not self.may_begin():
            raise Halted
        record = await asked(call_id, self._tries(messages), self._endpoint.name)
        cost = record.reply.cost if record.reply else None
        self.brakes.take(record.failure, record.message, cost)
        self.may_begin()  # what came may be a reason to stop, and whoever waits should know at once
        try:
            await self._writer.write([record])
        except ResultsError as error:
            self.broken = self.broken or error
            self.stop(str(error))
            raise Halted from error
        self._known[call_id] = record
        self._watch(record)
        return record

    def drain(self) -> None:
        """Writes what a stop at once left behind."""
        self._writer.drain()

    async def close(self) -> None:
        """Lets go of connections."""
        close = getattr(self._endpoint, "close", None)
        if close:
            await close()

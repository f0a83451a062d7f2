"""The comments of all issues of a repository, by the one list that tells when each was last changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from syncd.connectors.github import queries
from syncd.connectors.github.api import MAX_PAGES, Api
from syncd.connectors.github.rest_payloads import RestComment
from syncd.errors import RejectedError, UnavailableError

SECOND: Final = timedelta(seconds=1)
"""GitHub's times are whole seconds. Lists are asked for from one before the last seen: is `since` inclusive?"""
BLOCK_READS: Final = 5

_PAGE: Final = TypeAdapter(tuple[RestComment, ...])


class CommentList:
    """Lists comments by their last change, oldest first."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def since(self, repository: str, moment: datetime) -> AsyncIterator[Sequence[RestComment]]:
        """
        Yield every comment on an issue changed at or after *moment*; pull requests' are left out.

        The next page is asked for by time and not by number: a comment that
        is edited meanwhile moves to the end, and would shift numbered pages by
        one. Where a page does not get past its first second, numbers are all
        there is; that second is then read until two readings agree.

        Raises:
            RemoteError: nothing came, or it never ends.
        """
        since = moment - SECOND
        for _ in range(MAX_PAGES):
            page = await self._page(repository, since, 1)
            yield [comment for comment in page if comment.is_on_issue]
            if len(page) < queries.PAGE:
                return
            if page[-1].updated_at - SECOND <= since:
                page = await self._block(repository, since)
                yield [comment for comment in page if comment.is_on_issue]
            further = page[-1].updated_at - SECOND
            if further <= since:
                return
            since = further
        raise RejectedError(
            "the list of comments never ends",
            where=f"{self._api.name} {repository} comments",
            fix="tell the maintainers; nothing was changed",
        )

    async def _block(self, repository: str, since: datetime) -> Sequence[RestComment]:
        """Return everything from *since* to the end of its first seconds, read until nothing moved meanwhile."""
        before: frozenset[str] | None = None
        for _ in range(BLOCK_READS):
            block: list[RestComment] = []
            for number in range(1, MAX_PAGES):
                page = await self._page(repository, since, number)
                block += page
                if len(page) < queries.PAGE or page[-1].updated_at - SECOND > since:
                    break
            now = frozenset(comment.node_id for comment in block)
            if before is not None and now >= before:
                return block
            before = now
        raise UnavailableError(
            "comments change faster than they can be listed",
            where=f"{self._api.name} {repository} comments",
            fix="nothing to do: the next cycle tries again",
        )

    async def _page(self, repository: str, since: datetime, number: int) -> Sequence[RestComment]:
        where = f"{self._api.name} {repository} comments"
        params = {
            "since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "sort": "updated",
            "direction": "asc",
            "per_page": str(queries.PAGE),
            "page": str(number),
        }
        response = await self._api.fetch(queries.COMMENTS_PATH.format(repository=repository), params, where=where)
        try:
            return _PAGE.validate_json(response.content)
        except ValidationError as exc:
            raise RejectedError(
                "GitHub's answer is no list of comments", where=where, fix="tell the maintainers"
            ) from exc

"""What can go wrong when speaking to GitHub, told apart by what to do about it.

* GitHubError
  + RefusedError             GitHub understood and said no: asking again as it is is useless.
    - NotFoundError          it does not exist, or we may not know that it does.
    - ForbiddenError         we may not.
      . PermissionMissingError   ... because the installation does not grant the permission.
    - UnprocessableError     what we sent is wrong; `messages` say in which way.
    - ConflictError          it is not in a state in which this can be done.
    - GoneError              the thing, or the API version, is no longer served.
  + UnauthorizedError        the token is not valid (any more): mint anew, once.
  + UnavailableError         no answer, or a 5xx: asking again later may help, but if
                             `effect_unknown`, look first whether it has been done.
    - AwayError                  the installation is suspended or gone: it is asked again at
                                 `until`, and nothing is sent before. It had no effect.
      . RepositoryAwayError      ... or it covers a repository no more, and nobody else does.
    - LeaseLostError             it is not ours to do any more, and was not sent.
  + RateLimitedError         asking again before `until` is useless. It had no effect.

This file imports nothing of ours, so that every other one may import it. No error holds a
token, a header or a request body: each may be logged as it stands.
"""

from datetime import datetime
from typing import Literal

# A message of GitHub's may quote what we sent; more than this helps nobody.
_MESSAGE_LENGTH_MAX = 1_000


class GitHubError(Exception):
    """GitHub did not do, or may not have done, what was asked."""

    def __init__(self, message: str) -> None:
        self.message = message[:_MESSAGE_LENGTH_MAX]
        super().__init__(self.message)


class RefusedError(GitHubError):
    """GitHub understood and said no. Nothing was done."""

    def __init__(
        self, message: str, *, status: int = 0, call: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.call = call
        self.request_id = request_id

    def __str__(self) -> str:
        return " ".join(
            part
            for part in (
                f"{self.call}:" if self.call else "",
                str(self.status) if self.status else "",
                self.message,
                f"(request {self.request_id})" if self.request_id else "",
            )
            if part
        )


class NotFoundError(RefusedError):
    """It does not exist, or the installation may not see it: GitHub does not say which."""


class ForbiddenError(RefusedError):
    """GitHub knows who we are and does not let us."""


class PermissionMissingError(ForbiddenError):
    """The App, or its installation, lacks the permission for this call.

    It is asked for again at `until`, should nobody tell us before that it is granted.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        call: str = "",
        request_id: str = "",
        until: datetime | None = None,
    ) -> None:
        super().__init__(message, status=status, call=call, request_id=request_id)
        self.until = until


class UnprocessableError(RefusedError):
    """What we sent is wrong. `messages` are GitHub's own, one for each fault."""

    def __init__(
        self,
        message: str,
        *,
        messages: tuple[str, ...] = (),
        status: int = 422,
        call: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, status=status, call=call, request_id=request_id)
        self.messages = messages or (self.message,)


class ConflictError(RefusedError):
    """The thing is not in a state in which this can be done, for example already finished."""


class GoneError(RefusedError):
    """The thing, or the version of the API that we asked for, is no longer served."""


class UnauthorizedError(GitHubError):
    """The token is not valid, or no longer. Nothing was done.

    `answered_at` is what GitHub's clock showed: one of ours that differs is a reason for it.
    """

    def __init__(self, message: str, *, answered_at: datetime | None = None) -> None:
        super().__init__(message)
        self.answered_at = answered_at


class UnavailableError(GitHubError):
    """GitHub gave no answer that tells the outcome.

    `effect_unknown` is true if the request may have been carried out all the same: always for a
    write, unless the connection could not even be made.
    """

    def __init__(self, message: str, *, effect_unknown: bool) -> None:
        super().__init__(message)
        self.effect_unknown = effect_unknown


class AwayError(UnavailableError):
    """The installation is suspended or gone: nothing works there until it is back."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message, effect_unknown=False)
        self.until = until


class RepositoryAwayError(AwayError):
    """A repository has been taken off the App, or moved to where the App is not installed.

    Whatever else the installation covers goes on.
    """


class LeaseLostError(UnavailableError):
    """It was kept back: another replica may have taken over what it is part of."""

    def __init__(self, message: str) -> None:
        super().__init__(message, effect_unknown=False)


class RateLimitedError(GitHubError):
    """GitHub, or our own budget for it, asks us to wait until `until`. Nothing was done."""

    def __init__(
        self, message: str, *, until: datetime, kind: Literal["primary", "secondary"]
    ) -> None:
        super().__init__(message)
        self.until = until
        self.kind = kind

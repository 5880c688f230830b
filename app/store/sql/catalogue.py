"""Reading the catalogue: the repositories and definitions that are known, whole."""

from typing import Any

import sqlalchemy as sa

from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.values import RepositoryName, Sha
from app.ports import Catalogue, KnownDefinition, KnownRepository
from app.store.schema import definitions, repositories


def read_catalogue(connection: sa.Connection) -> Catalogue:
    """Return all repositories and definitions, in the order of their ids and paths."""
    in_order = sa.select(definitions).order_by(definitions.c.repository_id, definitions.c.path)
    return Catalogue(
        repositories=tuple(
            _known_repository(row)
            for row in connection.execute(sa.select(repositories).order_by(repositories.c.id))
        ),
        definitions=tuple(
            KnownDefinition(
                repository_id=row.repository_id,
                file=File(path=row.path, blob_sha=Sha(row.blob_sha), text=row.text),
            )
            for row in connection.execute(in_order)
        ),
    )


def _known_repository(row: Any) -> KnownRepository:
    return KnownRepository(
        repository=Repository(
            id=row.id, name=RepositoryName(row.name), default_branch=row.default_branch
        ),
        installation_id=row.installation_id,
        head_sha=None if row.head_sha is None else Sha(row.head_sha),
        policy=row.policy,
        unreadable=row.unreadable,
    )

"""Makes the tables and brings those of an older Signalbox up to date; only ever forward."""

from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from app.ports import StoreUnavailable
from app.store.sql.database import driver_url, sqlite_engine


def migrate(database_url: str) -> None:
    """Bring the database up to date: all of it or nothing, and one process at a time."""
    engine = sqlite_engine(driver_url(database_url))
    try:
        with engine.execution_options(is_write=True).begin() as connection:
            command.upgrade(_config(connection), "head")
    except sa.exc.OperationalError as error:
        raise StoreUnavailable(f"the database cannot be opened: {error.orig}") from error
    finally:
        engine.dispose()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files(__name__)))
    config.attributes["connection"] = connection
    return config
